// What was found out about a supplier by trying it: each right that is needed, and the cure where one is
// missing.
#pragma once

#include <string>

namespace tradewind::provider {

enum class Finding {
  ok,
  warning,  // it works, with less
  broken,   // jobs cannot run there
};

struct Proof {
  std::string name;  // "ssh/gpu1 connection"
  Finding finding = Finding::ok;
  std::string detail;     // what was found
  std::string cure = {};  // empty: none is needed
};

}  // namespace tradewind::provider
