// The environment as a value: what a store is told by it, tests can say too.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tradewind::objectstore {

using Variables = std::map<std::string, std::string>;

// "" when it is not set.
inline std::string variable(const Variables& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// Whether a variable of this name tells a store who we are, or leads to what does.
bool is_store_identity(std::string_view name);
// Those of the environment that do: for the program that uses stores, and for no program that it starts.
Variables store_identity(const Variables& environment);

}  // namespace tradewind::objectstore
