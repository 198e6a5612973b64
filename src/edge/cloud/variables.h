// The environment as a value: what a cloud's client is told by it, tests can say too.
#pragma once

#include <map>
#include <string>

namespace tradewind::cloud {

using Variables = std::map<std::string, std::string>;

// "" when it is not set.
inline std::string variable(const Variables& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace tradewind::cloud
