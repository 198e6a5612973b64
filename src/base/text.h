// Small text helpers that every floor needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tradewind {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string lower(std::string_view text);  // ASCII only
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

// The candidate nearest to `word` by Damerau-Levenshtein distance, if it is near enough to suggest
// (a third of the word's length, at least one). Empty when none is.
std::string nearest_word(std::string_view word, std::span<const std::string_view> candidates);

// "1 chunk", "3 chunks".
std::string count_text(std::uint64_t count, std::string_view noun);

// "1.5 KiB", "13.2 MiB": powers of 1024.
std::string format_bytes(unsigned long long bytes);

}  // namespace tradewind
