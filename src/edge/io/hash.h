// The hashes and the encodings that stores speak in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tradewind::io {

// Raw bytes, 32 of SHA-256, 16 of MD5, 20 of SHA-1 (the names of cached sign-ons, nothing that is trusted).
std::string sha256(std::string_view bytes);
// The same, whatever other threads do (paired_hash.h).
std::string sha256_alone(std::string_view bytes);
std::string md5(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(std::string_view bytes);  // lower case
// Nothing when it is none: an odd count, or another letter than 0-9 and a-f.
std::optional<std::string> decode_hex(std::string_view digits);
std::string base64(std::string_view bytes);  // with padding
// Nothing when it is none, or not padded.
std::optional<std::string> decode_base64(std::string_view text);

// Raw bytes that nobody can guess, from the kernel: 16 of them name a write, 8 seed a generator.
std::string random_bytes(std::size_t size);

}  // namespace tradewind::io
