#include "edge/drivers/local/machine_environment.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "edge/io/process.h"
#include "edge/objectstore/store_identity.h"

namespace tradewind::local {
namespace {

// Besides those of stores.
constexpr std::string_view secret_prefixes[] = {"ARM_", "GCLOUD_",    "OCI_",     "TRADEWIND_",
                                                "SSH_", "KUBECONFIG", "SLURM_JWT"};
constexpr std::string_view hand_over_prefix = "TRADEWIND_SECRET_";
constexpr std::string_view secret_words[] = {"TOKEN",   "SECRET", "PASSWORD",   "PASSWD",     "CREDENTIAL",
                                             "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY"};

bool is_withheld(const std::string& name) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return objectstore::is_store_identity(upper) ||
         std::any_of(std::begin(secret_prefixes), std::end(secret_prefixes),
                     [&](std::string_view prefix) { return upper.starts_with(prefix); }) ||
         std::any_of(std::begin(secret_words), std::end(secret_words),
                     [&](std::string_view word) { return upper.find(word) != std::string::npos; });
}

}  // namespace

std::map<std::string, std::string> machine_environment(std::map<std::string, std::string> own) {
  std::erase_if(own, [](const auto& entry) { return is_withheld(entry.first); });
  if (!own.contains("PATH")) own["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  return own;
}

std::map<std::string, std::string> handed_over(const std::map<std::string, std::string>& secrets) {
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : secrets) given.emplace(std::string(hand_over_prefix) + name, value);
  return given;
}

std::map<std::string, std::string> take_secrets() {
  std::map<std::string, std::string> secrets;
  for (const auto& [name, value] : io::take_environment(hand_over_prefix)) {
    secrets.emplace(name.substr(hand_over_prefix.size()), value);
  }
  return secrets;
}

}  // namespace tradewind::local
