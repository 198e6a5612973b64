// All policies in one visible list.
#include <array>

#include "core/policy/policy.h"

namespace tradewind::policy {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Policy> (*make)();
};
constexpr std::array<Entry, 2> entries = {{{"failover", make_failover}, {"on_demand", make_on_demand}}};

}  // namespace

std::unique_ptr<Policy> make_policy(std::string_view name) {
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry.make();
  }
  return nullptr;
}

std::vector<std::string_view> policy_names() {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace tradewind::policy
