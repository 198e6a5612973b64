// Numbers as planes of bytes: what floating-point numbers have in common lies in their exponents, and a
// packer finds it only where exponents lie side by side. Format: docs/formats/manifest.md.
//
// A word of 16 bits (bfloat16, half) or 32 (float), little-endian, is turned left by one bit, so that the
// sign stands lowest and the exponent fills the highest byte (of a half: most of it). Byte k of every word,
// the highest first, makes up plane k. Exponents of trained weights carry some 2.6 bits, mantissas and signs
// all of theirs: the planes below the first are as good as noise. (Hershcovitch et al., "ZipNN: Lossless
// Compression for AI Models", 2024, measure the same.)
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace tradewind::checkpoint {

inline constexpr std::size_t word_bytes_max = 4;

// Plane after plane, into `planes`, as many bytes as there are in `words`, which are of so many bytes each (2
// or 4). REQUIRES: words.size() is a multiple of word_bytes.
void split_planes(std::string_view words, std::size_t word_bytes, char* planes);
// The inverse, into `words`. REQUIRES: as many planes of as many bytes as there are words.
void join_planes(const std::array<std::string_view, word_bytes_max>& planes, std::size_t word_bytes,
                 char* words, std::size_t count);

}  // namespace tradewind::checkpoint
