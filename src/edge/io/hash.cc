#include "edge/io/hash.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "edge/io/paired_hash.h"

namespace tradewind::io {
namespace {

// A library that cannot hash leaves nothing that could be signed or trusted: it fails only without memory.
void must(bool worked) {
  if (worked) return;
  std::fputs("the system gives no hash or no random bytes: out of memory?\n", stderr);
  std::abort();
}

std::string digest(std::string_view bytes, const EVP_MD* kind) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned size = 0;
  must(EVP_Digest(bytes.data(), bytes.size(), made.data(), &size, kind, nullptr) == 1);
  return {reinterpret_cast<const char*>(made.data()), size};
}

}  // namespace

std::string sha256(std::string_view bytes) {
  return bytes.size() < paired_bytes_min ? sha256_alone(bytes) : paired_sha256(bytes);
}
std::string sha256_alone(std::string_view bytes) {
  return digest(bytes, EVP_sha256());
}
std::string md5(std::string_view bytes) {
  return digest(bytes, EVP_md5());
}
std::string sha1(std::string_view bytes) {
  return digest(bytes, EVP_sha1());
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned size = 0;
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), made.data(),
            &size) != nullptr);
  return {reinterpret_cast<const char*>(made.data()), size};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  return text;
}

std::optional<std::string> decode_hex(std::string_view digits) {
  constexpr std::string_view letters = "0123456789abcdef";
  if (digits.size() % 2 != 0 || digits.find_first_not_of(letters) != std::string_view::npos)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(letters.find(digits[i]) << 4 | letters.find(digits[i + 1]));
  }
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the library writes a closing zero
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string_view letters = text.substr(0, text.size() - padding);
  // The library would also take spaces and line ends.
  if (text.size() % 4 != 0 || letters.find_first_not_of(alphabet) != std::string_view::npos)
    return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  must(::getrandom(bytes.data(), size, 0) == static_cast<ssize_t>(size));
  return bytes;
}

}  // namespace tradewind::io
