// Which edges of the state machines were crossed, and which of them with a crash of the control plane before
// or after the commit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/records.h"
#include "engine/simulator/faults.h"

namespace tradewind::simulator {

struct EdgeCount {
  std::uint64_t crossed = 0;
  std::uint64_t crash_before = 0;  // the commit that crosses it was not made
  std::uint64_t crash_after = 0;   // it was made, and nothing that follows from it
};

class Coverage {
 public:
  // Notes the edges that `events` cross, starting from `before`.
  void note(const ClusterState& before, const std::vector<Event>& events, Fault fault);
  void add(const Coverage& other);
  const std::map<std::string, EdgeCount>& edges() const { return edges_; }

 private:
  std::map<std::string, EdgeCount> edges_;
};

// "job running --interrupted-->": every edge of every table, in the tables' order.
std::vector<std::string> all_edges();

}  // namespace tradewind::simulator
