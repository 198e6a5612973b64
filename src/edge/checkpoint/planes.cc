#include "edge/checkpoint/planes.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace tradewind::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "words lie in memory as in the format");

template <class Word>
void split(const char* words, std::size_t count, char* planes) {
  for (std::size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, words + i * sizeof(Word), sizeof(Word));
    word = std::rotl(word, 1);
    for (std::size_t k = 0; k < sizeof(Word); ++k) {
      planes[k * count + i] = static_cast<char>(word >> (8 * (sizeof(Word) - 1 - k)));
    }
  }
}

template <class Word>
void join(const std::array<std::string_view, word_bytes_max>& planes, char* words, std::size_t count) {
  std::array<const char*, sizeof(Word)> plane{};
  for (std::size_t k = 0; k < sizeof(Word); ++k) plane[k] = planes[k].data();
  for (std::size_t i = 0; i < count; ++i) {
    Word word = 0;
    for (std::size_t k = 0; k < sizeof(Word); ++k) {
      word = static_cast<Word>(word << 8 | static_cast<unsigned char>(plane[k][i]));
    }
    word = std::rotr(word, 1);
    std::memcpy(words + i * sizeof(Word), &word, sizeof(Word));
  }
}

}  // namespace

void split_planes(std::string_view words, std::size_t word_bytes, char* planes) {
  const std::size_t count = words.size() / word_bytes;
  if (word_bytes == 2) {
    split<std::uint16_t>(words.data(), count, planes);
  } else {
    split<std::uint32_t>(words.data(), count, planes);
  }
}

void join_planes(const std::array<std::string_view, word_bytes_max>& planes, std::size_t word_bytes,
                 char* words, std::size_t count) {
  if (word_bytes == 2) {
    join<std::uint16_t>(planes, words, count);
  } else {
    join<std::uint32_t>(planes, words, count);
  }
}

}  // namespace tradewind::checkpoint
