#include "edge/io/sha256_pair.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace tradewind::io {

#ifdef __x86_64__
namespace {

constexpr std::size_t block_bytes = 64;

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
// 5.3.3, in the order that the instructions keep: A B E F in one register, C D G H in the other, each from
// its highest word down.
constexpr std::array<std::uint32_t, 8> first_state = {0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667,
                                                      0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372};

bool has_sha_instructions() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 || (c & bit_SSSE3) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

#define TW_SHA_TARGET __attribute__((target("sha,sse4.1,ssse3"), always_inline))

// One message that is being hashed.
struct Lane {
  __m128i abef;
  __m128i cdgh;
  const unsigned char* next;
};

// Sixteen words of the message schedule; quarter k holds those of rounds 4k to 4k + 3, modulo 16.
struct Schedule {
  __m128i words[4];
};

TW_SHA_TARGET inline void load(Schedule& schedule, const Lane& lane) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (int k = 0; k < 4; ++k) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lane.next + 16 * k));
    schedule.words[k] = _mm_shuffle_epi8(bytes, big_endian);
  }
}

// The words of rounds 16 on, made from the sixteen before them (6.2.2, step 1).
TW_SHA_TARGET inline void extend(Schedule& schedule, int quarter) {
  __m128i* const words = schedule.words;
  const __m128i last = words[(quarter + 3) % 4];
  const __m128i seven_before = _mm_alignr_epi8(last, words[(quarter + 2) % 4], 4);
  const __m128i partial =
      _mm_add_epi32(_mm_sha256msg1_epu32(words[quarter], words[(quarter + 1) % 4]), seven_before);
  words[quarter] = _mm_sha256msg2_epu32(partial, last);
}

TW_SHA_TARGET inline void four_rounds(Lane& lane, __m128i words, int first_round) {
  const __m128i sum = _mm_add_epi32(words, _mm_load_si128(reinterpret_cast<const __m128i*>(
                                               &round_constants[static_cast<std::size_t>(first_round)])));
  lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, sum);
  lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

template <std::size_t lanes>
__attribute__((target("sha,sse4.1,ssse3"))) void hash_blocks(std::array<Lane, lanes>& state,
                                                             std::size_t blocks) {
  std::array<Lane, lanes> now = state;
  for (; blocks > 0; --blocks) {
    const std::array<Lane, lanes> before = now;
    std::array<Schedule, lanes> schedules;
    for (std::size_t i = 0; i < lanes; ++i) load(schedules[i], now[i]);
#pragma GCC unroll 16
    for (int k = 0; k < 16; ++k) {
      for (std::size_t i = 0; i < lanes; ++i) {
        if (k >= 4) extend(schedules[i], k % 4);
        four_rounds(now[i], schedules[i].words[k % 4], 4 * k);
      }
    }
    for (std::size_t i = 0; i < lanes; ++i) {
      now[i].abef = _mm_add_epi32(now[i].abef, before[i].abef);
      now[i].cdgh = _mm_add_epi32(now[i].cdgh, before[i].cdgh);
      now[i].next += block_bytes;
    }
  }
  state = now;
}

Lane begin(std::string_view bytes) {
  Lane lane{};
  std::memcpy(&lane.abef, first_state.data(), sizeof lane.abef);
  std::memcpy(&lane.cdgh, first_state.data() + 4, sizeof lane.cdgh);
  lane.next = reinterpret_cast<const unsigned char*>(bytes.data());
  return lane;
}

std::string raw_bytes(const Lane& lane) {
  std::array<std::uint32_t, 8> words{};
  std::memcpy(words.data(), &lane.abef, sizeof lane.abef);
  std::memcpy(words.data() + 4, &lane.cdgh, sizeof lane.cdgh);
  std::string bytes;
  for (const std::size_t at : {3U, 2U, 7U, 6U, 1U, 0U, 5U, 4U}) {  // A to H
    for (unsigned shift = 32; shift > 0; shift -= 8)
      bytes += static_cast<char>(words[at] >> (shift - 8) & 0xffU);
  }
  return bytes;
}

// What is left after the blocks that both have, and the padding with the length in bits (5.1.1).
std::string finish(Lane lane, std::string_view bytes, std::size_t done) {
  std::array<Lane, 1> alone = {lane};
  const std::size_t whole = bytes.size() / block_bytes;
  hash_blocks(alone, whole - done);
  std::array<unsigned char, 2 * block_bytes> tail{};
  const std::string_view rest = bytes.substr(whole * block_bytes);
  std::copy(rest.begin(), rest.end(), tail.begin());
  tail[rest.size()] = 0x80;
  const std::size_t blocks = rest.size() < block_bytes - 8 ? 1 : 2;
  std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (std::size_t k = 1; k <= 8; ++k, bits >>= 8) {
    tail[blocks * block_bytes - k] = static_cast<unsigned char>(bits & 0xff);
  }
  alone[0].next = tail.data();
  hash_blocks(alone, blocks);
  return raw_bytes(alone[0]);
}

}  // namespace

bool hashes_in_pairs() {
  static const bool has = has_sha_instructions();
  return has;
}

std::array<std::string, 2> sha256_of_both(std::string_view first, std::string_view second) {
  std::array<Lane, 2> both = {begin(first), begin(second)};
  const std::size_t common = std::min(first.size(), second.size()) / block_bytes;
  hash_blocks(both, common);
  return {finish(both[0], first, common), finish(both[1], second, common)};
}

#else

bool hashes_in_pairs() {
  return false;
}

std::array<std::string, 2> sha256_of_both(std::string_view, std::string_view) {
  return {};
}

#endif

}  // namespace tradewind::io
