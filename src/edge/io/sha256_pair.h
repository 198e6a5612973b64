// SHA-256 of two messages at once: a processor's SHA instructions wait for each other within one message, and
// the other one's run meanwhile. Numbers: docs/performance.md. Format: FIPS 180-4.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tradewind::io {

// Whether this processor has the instructions: without them two at once gain nothing.
bool hashes_in_pairs();

// Of each, 32 raw bytes. REQUIRES: hashes_in_pairs().
std::array<std::string, 2> sha256_of_both(std::string_view first, std::string_view second);

}  // namespace tradewind::io
