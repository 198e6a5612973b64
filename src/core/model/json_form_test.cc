// The JSON forms of all records: what is written reads back equal, and is what the golden files say. Programs
// rely on the documented forms, and stored state and ledgers outlive the program that wrote them: change a
// golden file only together with a way to read the old form. To write them anew: UPDATE_GOLDEN=1
// core_model_test.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "core/model/testing/samples.h"

namespace tradewind {
namespace {

void expect_golden(const std::string& name, const json::value& value) {
  const std::string path = TRADEWIND_SOURCE_DIR "/src/core/model/golden/" + name + ".json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << to_pretty(value);
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(to_pretty(value), golden.str()) << path;
}

template <class T, class F>
void expect_form(const std::string& name, const T& sample, F&& read) {
  expect_golden(name, to_json(sample));
  const Result<json::value> document = parse_json(to_text(to_json(sample)));
  ASSERT_TRUE(document.ok());
  const Result<T> again = read(*document, name);
  ASSERT_TRUE(again.ok()) << describe(again.error());
  EXPECT_TRUE(*again == sample) << name << " reads back as " << to_text(to_json(*again));
  // Each member is looked at: without it, or with another type in its place, it is another record or an
  // error.
  for (const auto& member : document->get_object()) {
    json::object broken = document->get_object();
    broken[member.key()] = json::array{json::array{}};
    const Result<T> found = read(broken, name);
    EXPECT_TRUE(!found.ok() || !(*found == sample)) << name << " does not read " << member.key();
    const std::string member_path = name + "." + std::string(member.key());
    const bool is_named = found.ok() || found.error().message.find(member_path) == 0;
    EXPECT_TRUE(is_named) << member_path << ": " << found.error().message;
  }
}

TEST(JsonForm, Offer) {
  expect_form("offer", sample_offer(), offer_from_json);
}

TEST(JsonForm, OfferWithoutWhatIsUnknown) {
  Offer offer;
  offer.location = {"local"};
  offer.instance_type = "slot";
  expect_golden("offer_plain", to_json(offer));
  EXPECT_EQ(offer_from_json(to_json(offer), "offer").value(), offer);
}

TEST(JsonForm, JobSpec) {
  expect_form("job_spec", sample_spec(), job_spec_from_json);
}

TEST(JsonForm, AnEmptyJobSpecIsReadFromNothing) {
  EXPECT_EQ(job_spec_from_json(json::object{}, "spec").value(), JobSpec{});
  EXPECT_EQ(job_spec_from_json(to_json(JobSpec{}), "spec").value(), JobSpec{});
}

TEST(JsonForm, AgentStatus) {
  expect_form("agent_status", sample_status(), agent_status_from_json);
}

TEST(JsonForm, Order) {
  expect_form("order", sample_order(), order_from_json);
}

TEST(JsonForm, JobRecord) {
  expect_form("job_record", sample_job(), job_record_from_json);
}

TEST(JsonForm, LeaseRecord) {
  expect_form("lease_record", sample_lease(), lease_record_from_json);
}

TEST(JsonForm, MoveRecord) {
  expect_form("move_record", sample_move(), move_record_from_json);
}

TEST(JsonForm, LedgerRecordsOfEachKind) {
  expect_form("ledger_claim", sample_ledger_record(LedgerKind::claim), ledger_record_from_json);
  expect_form("ledger_checkpoint", sample_ledger_record(LedgerKind::checkpoint), ledger_record_from_json);
  expect_form("ledger_finish", sample_ledger_record(LedgerKind::finish), ledger_record_from_json);
}

TEST(JsonForm, Manifest) {
  expect_form("manifest", sample_manifest(), manifest_from_json);
}

TEST(Manifest, WhetherItsTextReadsBackIsFoundFileByFile) {
  const Manifest manifest = sample_manifest();
  const std::string text = to_text(manifest);
  EXPECT_TRUE(reads_back(text, manifest));
  Manifest more = manifest;
  more.files.push_back(manifest.files.back());
  more.files.back().path += "x";
  EXPECT_FALSE(reads_back(text, more));
  EXPECT_FALSE(reads_back(to_text(more), manifest));
  more.files.back().path = manifest.files.front().path;
  EXPECT_FALSE(reads_back(to_text(more), more)) << "a manifest that nobody could read";
  Manifest other = manifest;
  other.step += 1;
  EXPECT_FALSE(reads_back(text, other));
  other = manifest;
  other.files.front().mode ^= 1U;
  EXPECT_FALSE(reads_back(text, other));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(reads_back(changed, manifest)) << changed;
    EXPECT_FALSE(reads_back(text.substr(0, at), manifest)) << at;
  }
}

TEST(Manifest, ItsTextIsTheSameFileByFile) {
  Manifest manifest = sample_manifest();
  manifest.metrics = {{"\"files\":[", 1.5}};
  const std::string text = to_text(manifest);
  EXPECT_EQ(text, to_text(to_json(manifest)));
  EXPECT_EQ(manifest_from_text(text, text.size()).value(), manifest);
  EXPECT_FALSE(manifest_from_text(text, text.size() - 1).ok());
  manifest.files.clear();
  EXPECT_EQ(manifest_from_text(to_text(manifest), 10'000).value(), manifest);
  // However it is written, and whatever is wrong, it is read as the whole document is.
  const json::value value = to_json(sample_manifest());
  std::vector<std::string> texts = {to_pretty(value), text + " ", text + "]}",
                                    text.substr(0, text.size() - 2), ""};
  for (std::size_t at = 0; at < text.size(); at += 7) {
    texts.push_back(text);
    texts.back()[at] = texts.back()[at] == ',' ? ';' : ',';
  }
  for (const std::string& each : texts) {
    const Result<Manifest> found = manifest_from_text(each, 100'000);
    const Result<json::value> document = parse_json(each);
    const Result<Manifest> whole =
        document.ok() ? manifest_from_json(*document, "manifest") : Result<Manifest>(document.error());
    ASSERT_EQ(found.ok(), whole.ok()) << each;
    if (found.ok()) {
      EXPECT_EQ(*found, *whole);
    } else {
      EXPECT_EQ(found.error().message, whole.error().message);
    }
  }
}

TEST(Manifest, RefusesWhatWouldLeaveTheFolderOrDoesNotAddUp) {
  const auto problem = [](auto&& change) {
    Manifest manifest = sample_manifest();
    change(manifest);
    const Result<Manifest> read = manifest_from_json(parse_json(to_text(to_json(manifest))).value(), "m");
    return read.ok() ? std::string() : read.error().message;
  };
  EXPECT_EQ(problem([](Manifest&) {}), "");
  for (const char* path : {"/etc/passwd", "../x", "model/../../x", "a//b", "", ".", "a/"}) {
    EXPECT_EQ(problem([&](Manifest& manifest) { manifest.files[0].path = path; }),
              "m.files[0].path leaves the checkpoint folder")
        << path;
  }
  EXPECT_EQ(problem([](Manifest& manifest) { manifest.files[2].size = 31; }),
            "m.files[2].size is not the sum of its chunks");
  EXPECT_EQ(problem([](Manifest& manifest) { manifest.files[2].size = 29; }),
            "m.files[2].chunks has a chunk with a bad digest or size");
  EXPECT_EQ(problem([](Manifest& manifest) { manifest.files[2].chunks[0].digest = "xyz"; }),
            "m.files[2].chunks has a chunk with a bad digest or size");
  EXPECT_EQ(problem([](Manifest& manifest) { manifest.files[1].path = "latest"; }),
            "m.files are not sorted by path, each once");
  EXPECT_EQ(problem([](Manifest& manifest) { std::swap(manifest.files[0], manifest.files[1]); }),
            "m.files are not sorted by path, each once");
  EXPECT_EQ(problem([](Manifest& manifest) { manifest.root_digest.pop_back(); }),
            "m.root_digest is not 64 hex digits");
}

}  // namespace
}  // namespace tradewind
