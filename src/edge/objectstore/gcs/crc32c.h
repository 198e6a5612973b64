// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the sum that Google Cloud Storage keeps of every object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tradewind::objectstore {

// By the processor's own instruction where it has one (SSE 4.2), else by tables.
std::uint32_t crc32c(std::string_view bytes);
// By tables, on any processor: the same numbers.
std::uint32_t crc32c_by_tables(std::string_view bytes);

// As Google writes it: base64 of the four bytes, the highest first ("AAAAAA==" of nothing).
std::string crc32c_text(std::string_view bytes);

}  // namespace tradewind::objectstore
