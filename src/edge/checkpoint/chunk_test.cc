#include "edge/checkpoint/chunk.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

#include "base/random.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/testing/job_world.h"

namespace tradewind::checkpoint {
namespace {

ChunkRef ref_of(const std::string& plain) {
  return {sha256_hex(plain), plain.size()};
}

TEST(Chunk, WhatIsEncodedDecodesToTheSameBytes) {
  for (const std::string& plain :
       {std::string(), std::string("a"), std::string(1000, 'x'), noise(100, 1), noise(chunk_bytes, 2),
        std::string(chunk_bytes, '\0'), noise(300000, 3) + std::string(300000, 'z')}) {
    const Result<std::string> back = decode_chunk(encode_chunk(plain), ref_of(plain));
    ASSERT_TRUE(back.ok()) << describe(back.error());
    EXPECT_TRUE(*back == plain);
  }
}

TEST(Chunk, NoiseIsKeptPlainAndZerosArePacked) {
  const std::string random = noise(1000000, 4);
  EXPECT_EQ(encode_chunk(random).size(), random.size() + 1);
  EXPECT_LT(encode_chunk(std::string(1000000, '\0')).size(), 1000U);
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// Weights as training leaves them: near zero, of a scale that differs by row.
std::string weights(std::size_t count, bool bfloat16) {
  Random random(7);
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const double scale = 0.02 * (1 + static_cast<double>(i / 1024 % 7));
    const double uniform = std::max(random.unit(), 1e-12);
    const double normal = std::sqrt(-2 * std::log(uniform)) * std::cos(6.283185307179586 * random.unit());
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(scale * normal));
    for (int byte = bfloat16 ? 2 : 0; byte < 4; ++byte) bytes += static_cast<char>(bits >> (8 * byte));
  }
  return bytes;
}

double packed_share(const std::string& plain) {
  const std::string coded = encode_chunk(plain);
  const Result<std::string> back = decode_chunk(coded, ref_of(plain));
  EXPECT_TRUE(back.ok() && *back == plain);
  return static_cast<double>(coded.size()) / static_cast<double>(plain.size());
}

TEST(Chunk, WeightsArePackedByTheirExponents) {
  EXPECT_LT(packed_share(weights(1'000'000, true)), 0.69);
  EXPECT_LT(packed_share(weights(1'000'000, false)), 0.85);
  // A header that is no multiple of the words' size beyond, and a tail that is no word.
  EXPECT_LT(packed_share(std::string(4096, 'h') + weights(500'001, true) + "x"), 0.69);
  EXPECT_LT(packed_share(std::string(4096, 'h') + weights(500'000, false) + "xyz"), 0.85);
}

TEST(Chunk, PlanesAreThoseOfTheFormatsPage) {
  const std::string words("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);  // 1.0 and -2.0
  const std::string coded = from_hex(
      "03"
      "00020000007f80"
      "00020000000000"
      "00020000000000"
      "00020000000001");
  const Result<std::string> plain = decode_chunk(coded, ref_of(words));
  ASSERT_TRUE(plain.ok()) << describe(plain.error());
  EXPECT_EQ(*plain, words);
}

TEST(Chunk, ForgedPlanesAreRefused) {
  const std::string plain = weights(1000, false);
  const std::string coded = encode_chunk(plain);
  ASSERT_EQ(coded[0], 3);
  const ChunkRef ref = ref_of(plain);
  const auto refused = [&](const std::string& altered) {
    const Result<std::string> back = decode_chunk(altered, ref);
    return !back.ok() && back.error().code == Code::corrupt;
  };
  std::string forged = coded;
  forged[0] = 2;
  EXPECT_TRUE(refused(forged)) << "words of another size";
  for (const std::size_t at : {1U, 2U, 5U}) {  // the first plane's coding and size
    forged = coded;
    forged[at] = '\x7f';
    EXPECT_TRUE(refused(forged)) << at;
  }
  EXPECT_TRUE(refused(coded + "y")) << "a byte too much";
  EXPECT_FALSE(decode_chunk(coded, {ref.digest, plain.size() + 4}).ok());
  EXPECT_FALSE(decode_chunk(coded, {ref.digest, chunk_bytes_max}).ok());
}

TEST(Chunk, EveryFlippedBitIsNoticed) {
  for (const std::string& plain : {std::string(200, 'x'), noise(40, 5), weights(60, true)}) {
    const std::string coded = encode_chunk(plain);
    for (std::size_t byte = 0; byte < coded.size(); ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = coded;
        damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
        const Result<std::string> back = decode_chunk(damaged, ref_of(plain));
        // A flip in a part that zstd ignores may leave the bytes as they were: never other ones.
        if (back.ok()) {
          EXPECT_EQ(*back, plain);
        } else {
          EXPECT_EQ(back.error().code, Code::corrupt);
        }
      }
    }
  }
}

TEST(Chunk, EveryTruncationIsNoticed) {
  for (const std::string& plain : {std::string(5000, 'x'), noise(200, 6), weights(500, false)}) {
    const std::string coded = encode_chunk(plain);
    for (std::size_t size = 0; size < coded.size(); ++size) {
      const Result<std::string> back = decode_chunk(coded.substr(0, size), ref_of(plain));
      ASSERT_FALSE(back.ok()) << size;
      EXPECT_EQ(back.error().code, Code::corrupt);
    }
  }
}

TEST(Chunk, UnknownTagsAndOversizedChunksAreRefused) {
  EXPECT_EQ(decode_chunk("\x02plain", ref_of("plain")).error().code, Code::corrupt);
  EXPECT_EQ(decode_chunk("", ref_of("")).error().code, Code::corrupt);
  const ChunkRef huge{std::string(64, '0'), chunk_bytes_max + 1};
  EXPECT_EQ(decode_chunk(encode_chunk("x"), huge).error().code, Code::corrupt);
}

TEST(Chunk, AFrameThatUnpacksToMoreThanExpectedIsRefusedUnopened) {
  const std::string bomb = encode_chunk(std::string(chunk_bytes, '\0'));
  const Result<std::string> back = decode_chunk(bomb, {std::string(64, '0'), 100});
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, Code::corrupt);
}

TEST(Chunk, KeysHaveTheDocumentedForm) {
  const std::string digest = sha256_hex("abc");
  EXPECT_EQ(chunk_key("p/", digest), "p/chunks/ba/" + digest);
  EXPECT_EQ(manifest_key("p/", ManifestId(digest)), "p/manifests/" + digest);
}

TEST(Digest, IsSha256) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, OfAStateIgnoresTimesAndNothingElse) {
  const ManifestFile file{"a", FileKind::file, 0644, 3, 17, "", {ref_of("abc")}};
  const std::string digest = root_digest({file});
  const auto changed = [&](auto change) {
    ManifestFile other = file;
    change(other);
    return root_digest({other});
  };
  EXPECT_EQ(changed([](ManifestFile& f) { f.mtime_ns = 99; }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.path = "b"; }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.mode = 0600; }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.size = 4; }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.kind = FileKind::directory; }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.chunks[0] = ref_of("abd"); }), digest);
  EXPECT_NE(changed([](ManifestFile& f) { f.chunks.clear(); }), digest);
  const ManifestFile link{"a", FileKind::symlink, 0777, 0, 0, "target", {}};
  ManifestFile other_link = link;
  other_link.target = "other";
  EXPECT_NE(root_digest({link}), root_digest({other_link}));
}

TEST(Digest, APathCannotImitateASecondFile) {
  const ManifestFile one{"a", FileKind::directory, 0755, 0, 0, "", {}};
  const ManifestFile two{"b", FileKind::directory, 0755, 0, 0, "", {}};
  ManifestFile both = one;
  both.path = "a\"\ndirectory 0755 0 - \"b";
  EXPECT_NE(root_digest({one, two}), root_digest({both}));
}

}  // namespace
}  // namespace tradewind::checkpoint
