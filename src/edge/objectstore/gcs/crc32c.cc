#include "edge/objectstore/gcs/crc32c.h"

#include <array>
#include <cstring>

#include "edge/io/hash.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tradewind::objectstore {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // bits reversed

// tables[k][b]: what byte b does to the sum when k more bytes follow it, so that eight are taken at once.
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? polynomial : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr auto tables = make_tables();

std::uint64_t word_at(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::uint32_t step(std::uint32_t sum, char byte) {
  return (sum >> 8) ^ tables[0][(sum ^ static_cast<unsigned char>(byte)) & 0xFF];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes) {
  std::uint64_t sum = 0xFFFFFFFF;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    sum = _mm_crc32_u64(sum, word_at(bytes.data()));
    bytes.remove_prefix(sizeof(std::uint64_t));
  }
  auto rest = static_cast<std::uint32_t>(sum);
  for (const char byte : bytes) rest = _mm_crc32_u8(rest, static_cast<unsigned char>(byte));
  return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_tables(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFF;
  // Words are read lowest byte first, as both processors that Tradewind runs on have them.
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  while (bytes.size() >= sizeof(std::uint64_t)) {
    const std::uint64_t word = word_at(bytes.data()) ^ sum;
    sum = 0;
    for (unsigned i = 0; i < 8; ++i) sum ^= tables[7 - i][(word >> (8 * i)) & 0xFF];
    bytes.remove_prefix(sizeof(std::uint64_t));
  }
  for (const char byte : bytes) sum = step(sum, byte);
  return ~sum;
}

std::uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_by_instruction(bytes);
#endif
  return crc32c_by_tables(bytes);
}

std::string crc32c_text(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  std::string raw;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) raw += static_cast<char>((sum >> shift) & 0xFF);
  return io::base64(raw);
}

}  // namespace tradewind::objectstore
