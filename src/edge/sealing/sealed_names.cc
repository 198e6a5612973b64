#include "edge/sealing/sealed_names.h"

#include <array>

#include "edge/io/hash.h"
#include "edge/sealing/cipher.h"

namespace tradewind::sealing {
namespace {

constexpr std::size_t digest_digits = 64;
constexpr std::size_t name_digits = 2 * (digest_digits / 2 + 16);
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view named_folder = "sealed/named/";

// A kind of object that is called by a digest, which would tell what it holds.
struct Kind {
  std::string_view folder;
  bool fanned;  // in 256 folders, by the first two digits
};
constexpr std::array<Kind, 2> kinds = {Kind{"chunks/", true}, Kind{"manifests/", false}};

std::string in_folder(std::string_view folder, bool fanned, std::string_view digits) {
  std::string key(folder);
  if (fanned) key.append(digits.substr(0, 2)).append("/");
  return key.append(digits);
}

// The digits of `key` when it is one of the kind, named by so many.
std::optional<std::string_view> digits_of(std::string_view key, std::string_view folder, const Kind& kind,
                                          std::size_t count) {
  if (!key.starts_with(folder)) return std::nullopt;
  const std::string_view digits = key.substr(key.rfind('/') + 1);
  if (digits.size() != count || digits.find_first_not_of(hex_digits) != std::string_view::npos)
    return std::nullopt;
  if (key != in_folder(folder, kind.fanned, digits)) return std::nullopt;
  return digits;
}

std::string sealed_folder_of(const Kind& kind) {
  return std::string(sealed_folder) + std::string(kind.folder);
}

}  // namespace

std::string SealedNames::sealed(std::string_view key) const {
  for (const Kind& kind : kinds) {
    const auto digits = digits_of(key, kind.folder, kind, digest_digits);
    if (!digits) continue;
    return in_folder(sealed_folder_of(kind), kind.fanned,
                     io::hex(seal_name(key_, kind.folder, *io::decode_hex(*digits))));
  }
  return named_key(key);
}

std::optional<std::string> SealedNames::plain(std::string_view sealed) const {
  if (sealed.starts_with(named_folder)) return std::string(sealed.substr(named_folder.size()));
  for (const Kind& kind : kinds) {
    const auto digits = digits_of(sealed, sealed_folder_of(kind), kind, name_digits);
    if (!digits) continue;
    const std::optional<std::string> name = unseal_name(key_, kind.folder, *io::decode_hex(*digits));
    if (!name) return std::nullopt;
    return in_folder(kind.folder, kind.fanned, io::hex(*name));
  }
  return std::nullopt;
}

std::string named_key(std::string_view key) {
  return std::string(named_folder) + std::string(key);
}

SealedPlaces places_of(std::string_view prefix) {
  SealedPlaces places;
  for (const Kind& kind : kinds) {
    const bool may_hold = prefix.starts_with(kind.folder) || kind.folder.starts_with(prefix);
    if (may_hold) places.prefixes.push_back(sealed_folder_of(kind));
  }
  places.in_order = places.prefixes.empty();
  places.prefixes.push_back(named_key(prefix));
  return places;
}

}  // namespace tradewind::sealing
