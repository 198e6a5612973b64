// The formats of docs/formats/ledger.md and manifest.md, byte for byte: what was written once must stay
// readable. TRADEWIND_WRITE_GOLDEN=1 in the environment writes the golden files anew; a changed one is a new
// version.
#include <cstdlib>
#include <gtest/gtest.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/ledger.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::PutCondition;
using objectstore::read_file;

const std::filesystem::path source = TRADEWIND_SOURCE_DIR;
const std::filesystem::path golden = source / "tests/golden/formats";

const JobId job("j-0123456789");
const LeaseId lease("l-0123456789abcdefghjk");
const std::string plain_text = "hello tradewind\n";
const std::string packed_text(100000, 'w');

Time at(int seconds) {
  return Time(std::chrono::milliseconds(1795485127125)) + std::chrono::seconds(seconds);
}

// The file's bytes are those, and the page shows them.
void expect_golden(const std::string& name, const std::string& bytes, const std::string& page) {
  if (std::getenv("TRADEWIND_WRITE_GOLDEN") != nullptr) objectstore::write_file(golden / name, bytes);
  EXPECT_EQ(read_file(golden / name), bytes) << name;
  if (page.empty()) return;
  EXPECT_NE(read_file(source / "docs/formats" / page).find(bytes), std::string::npos)
      << page << " does not show " << bytes;
}

ChunkRef ref_of(const std::string& bytes) {
  return {sha256_hex(bytes), bytes.size()};
}

Manifest example_manifest() {
  Manifest manifest;
  manifest.job = job;
  manifest.epoch = 1;
  manifest.lease = lease;
  manifest.step = 1200;
  manifest.created_at = at(60);
  manifest.files = {
      {"latest", FileKind::symlink, 0777, 0, 1795485120000000000, "model/weights.bin", {}},
      {"model", FileKind::directory, 0755, 0, 1795485121000000000, "", {}},
      {"model/empty", FileKind::file, 0600, 0, 1795485122000000000, "", {}},
      {"model/weights.bin",
       FileKind::file,
       0644,
       plain_text.size() + packed_text.size(),
       1795485123123456789,
       "",
       {ref_of(plain_text), ref_of(packed_text)}},
  };
  manifest.root_digest = root_digest(manifest.files);
  return manifest;
}

ManifestId example_id() {
  return ManifestId(sha256_hex(to_text(to_json(example_manifest()))));
}

std::vector<LedgerRecord> example_chain() {
  LedgerRecord claim;
  claim.number = 1;
  claim.kind = LedgerKind::claim;
  claim.epoch = 1;
  claim.lease = lease;
  claim.at = at(0);
  claim.nonce = "9f86d081884c7d65-1";
  LedgerRecord saved = claim;
  saved.number = 2;
  saved.kind = LedgerKind::checkpoint;
  saved.at = at(61);
  saved.nonce = "9f86d081884c7d65-2";
  saved.manifest = example_id();
  saved.step = 1200;
  saved.root_digest = example_manifest().root_digest;
  LedgerRecord finish = claim;
  finish.number = 3;
  finish.kind = LedgerKind::finish;
  finish.at = at(90);
  finish.nonce = "9f86d081884c7d65-3";
  finish.outcome = Outcome::failed;
  finish.exit_code = 2;
  finish.message = "the program ended with 2";
  return {claim, saved, finish};
}

TEST(Formats, LedgerRecordsAreWrittenAsDocumented) {
  for (const LedgerRecord& record : example_chain()) {
    expect_golden("ledger/0000000" + std::to_string(record.number), to_text(to_json(record)), "ledger.md");
  }
}

TEST(Formats, TheGoldenLedgerReadsAsTheChainItWas) {
  const auto store = objectstore::make_memory_store();
  for (int number = 1; number <= 3; ++number) {
    const std::string name = "ledger/0000000" + std::to_string(number);
    ASSERT_TRUE(store->put("p/" + name, read_file(golden / name), PutCondition::always).ok());
  }
  const auto chain = read_ledger(*store, "p/", 0);
  ASSERT_TRUE(chain.ok()) << describe(chain.error());
  EXPECT_EQ(*chain, example_chain());
  LedgerView view;
  for (const LedgerRecord& record : *chain) EXPECT_TRUE(fold(view, record).ok());
}

TEST(Formats, ManifestsAreWrittenAsDocumented) {
  expect_golden("manifest/manifest.json", to_text(to_json(example_manifest())), "manifest.md");
  const std::string page = read_file(source / "docs/formats/manifest.md");
  EXPECT_NE(page.find(example_id().text()), std::string::npos) << example_id().text();
  EXPECT_NE(page.find(example_manifest().root_digest), std::string::npos) << example_manifest().root_digest;
}

// How well zstd packs may change with its version: what it wrote must stay readable.
TEST(Formats, GoldenObjectsReadAsWhatTheyWere) {
  if (std::getenv("TRADEWIND_WRITE_GOLDEN") != nullptr) {
    objectstore::write_file(golden / "manifest/manifest.zst",
                            encode_manifest(to_text(to_json(example_manifest()))));
    objectstore::write_file(golden / "manifest/chunk-plain", encode_chunk(plain_text));
    objectstore::write_file(golden / "manifest/chunk-zstd", encode_chunk(packed_text));
  }
  const auto manifest = decode_manifest(read_file(golden / "manifest/manifest.zst"), example_id());
  ASSERT_TRUE(manifest.ok()) << describe(manifest.error());
  EXPECT_EQ(*manifest, example_manifest());
  const std::string plain = read_file(golden / "manifest/chunk-plain");
  EXPECT_EQ(plain, std::string(1, '\0') + plain_text);
  EXPECT_EQ(decode_chunk(plain, ref_of(plain_text)).value_or("?"), plain_text);
  const std::string packed = read_file(golden / "manifest/chunk-zstd");
  EXPECT_EQ(packed.substr(0, 5), "\x01\x28\xb5\x2f\xfd") << "the tag, then zstd's magic number (RFC 8878)";
  EXPECT_EQ(decode_chunk(packed, ref_of(packed_text)).value_or("?"), packed_text);
}

json::value parsed(const std::string& text) {
  return parse_json(text).value_or(json::value(nullptr));
}

TEST(Formats, AManifestReaderRefusesWhatThePageNames) {
  const std::string good = to_text(to_json(example_manifest()));
  ASSERT_TRUE(manifest_from_json(parsed(good), "m").ok());
  const auto refuses = [&good](const std::string& what, const std::string& with) {
    std::string bad = good;
    const std::size_t place = bad.find(what);
    ASSERT_NE(place, std::string::npos) << what;
    bad.replace(place, what.size(), with);
    EXPECT_FALSE(manifest_from_json(parsed(bad), "m").ok()) << with;
  };
  refuses("\"version\":1", "\"version\":3");
  refuses("\"version\":1,", "");
  refuses("\"path\":\"latest\"", "\"path\":\"../latest\"");
  refuses("\"path\":\"latest\"", "\"path\":\"/latest\"");
  refuses("\"path\":\"latest\"", "\"path\":\"a//b\"");
  refuses("\"path\":\"latest\"", "\"path\":\"./a\"");
  refuses("\"path\":\"latest\"", "\"path\":\"\"");
  refuses("\"path\":\"latest\"", "\"path\":\"z\"");      // no longer sorted
  refuses("\"path\":\"latest\"", "\"path\":\"model\"");  // twice
  refuses("\"kind\":\"symlink\"", "\"kind\":\"device\"");
  refuses("\"mode\":511", "\"mode\":4096");
  refuses("\"size\":100016", "\"size\":100017");
  refuses(",100000]", ",99999]");
  refuses(",100000]", ",0]");
  refuses("\"chunks\":[[\"", "\"chunks\":[[\"x");
  refuses("\"root_digest\":\"", "\"root_digest\":\"x");
}

TEST(Formats, PackedFilesAreWrittenAsDocumented) {
  Manifest manifest = example_manifest();
  ManifestFile& file = manifest.files[3];
  file.size = plain_text.size();
  file.chunks = {ref_of(plain_text)};
  file.packed = PackSpot{ref_of(packed_text), 4096};
  manifest.root_digest = root_digest(manifest.files);
  const std::string good = to_text(to_json(manifest));
  EXPECT_TRUE(good.starts_with("{\"version\":2,")) << good;
  const std::string spot = ",\"packed_in\":[\"" + sha256_hex(packed_text) + "\",100000,4096]";
  EXPECT_NE(good.find(spot), std::string::npos) << good;
  EXPECT_NE(read_file(source / "docs/formats/manifest.md").find(spot), std::string::npos) << spot;
  EXPECT_EQ(manifest_from_json(parsed(good), "m").value_or(Manifest{}), manifest);
  const auto refuses = [&](const std::string& with) {
    std::string bad = good;
    bad.replace(bad.find(spot), spot.size(), ",\"packed_in\":" + with);
    EXPECT_FALSE(manifest_from_json(parsed(bad), "m").ok()) << with;
  };
  const std::string digest = "\"" + sha256_hex(packed_text) + "\"";
  refuses("[" + digest + ",100000,99985]");  // the file would end behind the pack
  refuses("[" + digest + ",100000,-1]");
  refuses("[" + digest + ",15,0]");
  refuses("[" + digest + ",0,0]");
  refuses("[" + digest + ",100000]");
  refuses("[\"x\",100000,0]");
  refuses("7");
  std::string two_chunks = good;
  const std::string size = "\"size\":16,\"chunks\":[[\"" + ref_of(plain_text).digest + "\",16]]";
  two_chunks.replace(two_chunks.find(size), size.size(),
                     "\"size\":32,\"chunks\":[[\"" + ref_of(plain_text).digest + "\",16],[\"" +
                         ref_of(plain_text).digest + "\",16]]");
  EXPECT_FALSE(manifest_from_json(parsed(two_chunks), "m").ok());
}

TEST(Formats, ALedgerReaderRefusesWhatThePageNames) {
  const std::string good = to_text(to_json(example_chain()[1]));
  ASSERT_TRUE(ledger_record_from_json(parsed(good), "r").ok());
  const auto refuses = [&good](const std::string& what, const std::string& with) {
    std::string bad = good;
    const std::size_t place = bad.find(what);
    ASSERT_NE(place, std::string::npos) << what;
    bad.replace(place, what.size(), with);
    EXPECT_FALSE(ledger_record_from_json(parsed(bad), "r").ok()) << with;
  };
  refuses("\"version\":1", "\"version\":2");
  refuses("\"number\":2", "\"number\":0");
  refuses("\"epoch\":1", "\"epoch\":0");
  refuses("\"kind\":\"checkpoint\"", "\"kind\":\"chekpoint\"");
  refuses("\"step\":", "\"stop\":");
  refuses("\"manifest\":", "\"manifesto\":");
  refuses("\"nonce\":", "\"once\":");
}

}  // namespace
}  // namespace tradewind::checkpoint
