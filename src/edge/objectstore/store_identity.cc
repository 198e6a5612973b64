#include "edge/objectstore/store_identity.h"

#include <algorithm>
#include <array>

namespace tradewind::objectstore {
namespace {

// IDENTITY_ and MSI_: where a service at Azure hands out its own identity, and the word that opens it.
constexpr std::array<std::string_view, 11> prefixes = {
    "TRADEWIND_RELAY_", "SSH_AUTH_SOCK", "TRADEWIND_SSH", "AWS_", "AZURE_", "IDENTITY_", "MSI_", "IMDS_",
    "GOOGLE_",          "CLOUDSDK_",     "GCE_METADATA_"};

}  // namespace

bool is_store_identity(std::string_view name) {
  return std::ranges::any_of(prefixes, [name](std::string_view prefix) { return name.starts_with(prefix); });
}

cloud::Variables store_identity(const cloud::Variables& environment) {
  cloud::Variables identity;
  for (const auto& [name, value] : environment) {
    if (is_store_identity(name)) identity[name] = value;
  }
  return identity;
}

}  // namespace tradewind::objectstore
