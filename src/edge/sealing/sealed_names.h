// How the keys of a sealed store's objects are called in the store beneath. Format: docs/formats/sealed.md.
//   chunks/<aa>/<digest>   sealed/chunks/<aa of the name>/<name>
//   manifests/<digest>     sealed/manifests/<name>
//   anything else          sealed/named/<the key itself>
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/sealing/key_object.h"

namespace tradewind::sealing {

inline constexpr std::string_view sealed_folder = "sealed/";

class SealedNames {
 public:
  explicit SealedNames(SecretBytes name_key) : key_(std::move(name_key)) {}

  std::string sealed(std::string_view key) const;
  // Nothing: not a name that this key made.
  std::optional<std::string> plain(std::string_view sealed) const;

 private:
  SecretBytes key_;
};

// "sealed/named/" and the key, which keeps its order.
std::string named_key(std::string_view key);

// Where the objects lie whose keys begin with `prefix`. One alone lies in the order of its plain keys.
struct SealedPlaces {
  std::vector<std::string> prefixes;
  bool in_order = false;
};
SealedPlaces places_of(std::string_view prefix);

}  // namespace tradewind::sealing
