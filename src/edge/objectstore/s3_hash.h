// The hashes that S3 speaks of.
#pragma once

#include <string>
#include <string_view>

namespace tradewind::objectstore {

// Raw bytes, 32 of SHA-256, 16 of MD5, 20 of SHA-1 (the names of cached sign-ons, nothing that is trusted).
std::string sha256(std::string_view bytes);
std::string md5(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(std::string_view bytes);     // lower case
std::string base64(std::string_view bytes);  // with padding

}  // namespace tradewind::objectstore
