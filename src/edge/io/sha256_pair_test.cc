#include "edge/io/sha256_pair.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "edge/io/hash.h"
#include "edge/io/paired_hash.h"

namespace tradewind::io {
namespace {

std::string message(std::size_t size, std::uint32_t seed) {
  std::string bytes;
  bytes.reserve(size);
  for (std::uint32_t state = seed; bytes.size() < size;) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST(Sha256PairTest, BothAreWhatEachWouldBeAlone) {
  if (!hashes_in_pairs()) return;  // then nobody calls it
  // Around one block and the place where the length no longer fits into the last one.
  const std::vector<std::size_t> sizes = {0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 100'000};
  for (const std::size_t first : sizes) {
    for (const std::size_t second : sizes) {
      const std::string a = message(first, 1);
      const std::string b = message(second, 2);
      const auto both = sha256_of_both(a, b);
      EXPECT_EQ(both[0], sha256_alone(a)) << first << " beside " << second;
      EXPECT_EQ(both[1], sha256_alone(b)) << second << " beside " << first;
    }
  }
}

TEST(PairedHashTest, EachOfManyThreadsGetsItsOwnDigest) {
  constexpr std::uint32_t threads = 5;  // odd: one finds no partner
  std::vector<int> right(threads, 0);
  {
    std::vector<std::jthread> hashing;
    for (std::uint32_t i = 0; i < threads; ++i) {
      hashing.emplace_back([&right, i] {
        const HashingSoon soon;
        for (std::uint32_t round = 0; round < 20; ++round) {
          const std::string bytes = message(paired_bytes_min + i * 77 + round, i * 100 + round);
          right[i] += sha256(bytes) == sha256_alone(bytes) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, std::vector<int>(threads, 20));
}

TEST(PairedHashTest, OneThatIsAloneWaitsForNobody) {
  const HashingSoon soon;
  const std::string bytes = message(paired_bytes_min, 3);
  EXPECT_EQ(paired_sha256(bytes), sha256_alone(bytes));
}

}  // namespace
}  // namespace tradewind::io
