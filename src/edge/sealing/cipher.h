// The ciphers that a sealed store is made of, all of them OpenSSL's. Format: docs/formats/sealed.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "edge/sealing/secret_bytes.h"

namespace tradewind::sealing {

inline constexpr std::size_t content_key_bytes = 32;
inline constexpr std::size_t name_key_bytes = 64;
// What a sealed object is longer than its plain bytes: version, nonce and tag.
inline constexpr std::size_t seal_overhead = 1 + 12 + 16;

// AES-256-GCM (NIST SP 800-38D) under a fresh random nonce. `bound_to` is not kept, and must be said again to
// open. REQUIRES: a key of content_key_bytes.
std::string seal(const SecretBytes& key, std::string_view bound_to, std::string_view plain);
// Nothing: another key, another place, or changed bytes; which of them cannot be told.
std::optional<std::string> unseal(const SecretBytes& key, std::string_view bound_to, std::string_view sealed);

// AES-256-SIV (RFC 5297): equal names become equal, and tell nothing else. Raw bytes, 16 longer than the
// name's. REQUIRES: a key of name_key_bytes.
std::string seal_name(const SecretBytes& key, std::string_view kind, std::string_view name);
std::optional<std::string> unseal_name(const SecretBytes& key, std::string_view kind,
                                       std::string_view sealed);

// HKDF with SHA-256 (RFC 5869).
SecretBytes derive(const SecretBytes& secret, std::string_view salt, std::string_view purpose,
                   std::size_t size);

// scrypt (RFC 7914) with r = 8, p = 1 and N = 2^cost, which takes 2^cost KiB of memory; 32 bytes.
inline constexpr int stretch_cost_min = 14;
inline constexpr int stretch_cost_max = 18;
SecretBytes stretch(const SecretBytes& passphrase, std::string_view salt, int cost);

}  // namespace tradewind::sealing
