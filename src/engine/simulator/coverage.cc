#include "engine/simulator/coverage.h"

#include "core/lifecycle/job.h"
#include "core/lifecycle/lease.h"
#include "core/lifecycle/move.h"

namespace tradewind::simulator {
namespace {

std::string edge_name(std::string_view machine, std::string_view from, std::string_view on) {
  return std::string(machine) + " " + std::string(from) + " --" + std::string(on) + "-->";
}

template <class Edges>
void append(std::vector<std::string>& names, std::string_view machine, const Edges& edges) {
  for (const auto& edge : edges) names.push_back(edge_name(machine, to_text(edge.from), to_text(edge.on)));
}

// The state that `event`'s record had before it, as text; empty for a new one.
struct StateBefore {
  const ClusterState& state;
  std::string operator()(const JobRecord& job) const {
    const auto found = state.jobs.find(job.id);
    return found == state.jobs.end() ? "" : std::string(to_text(found->second.state));
  }
  std::string operator()(const LeaseRecord& lease) const {
    const auto found = state.leases.find(lease.id);
    return found == state.leases.end() ? "" : std::string(to_text(found->second.state));
  }
  std::string operator()(const MoveRecord& move) const {
    const auto found = state.moves.find(move.id);
    return found == state.moves.end() ? "" : std::string(to_text(found->second.state));
  }
};

}  // namespace

void Coverage::note(const ClusterState& before, const std::vector<Event>& events, Fault fault) {
  ClusterState state = before;
  for (const Event& event : events) {
    const std::size_t dot = event.kind.find('.');
    const std::string from = std::visit(StateBefore{state}, event.after);
    EdgeCount& count = edges_[edge_name(event.kind.substr(0, dot), from, event.kind.substr(dot + 1))];
    ++count.crossed;
    if (fault == Fault::crash_before) ++count.crash_before;
    if (fault == Fault::crash_after) ++count.crash_after;
    apply(state, event);
  }
}

void Coverage::add(const Coverage& other) {
  for (const auto& [name, count] : other.edges_) {
    EdgeCount& sum = edges_[name];
    sum.crossed += count.crossed;
    sum.crash_before += count.crash_before;
    sum.crash_after += count.crash_after;
  }
}

std::vector<std::string> all_edges() {
  std::vector<std::string> names;
  append(names, "job", lifecycle::job_edges());
  append(names, "lease", lifecycle::lease_edges());
  append(names, "move", lifecycle::move_edges());
  return names;
}

}  // namespace tradewind::simulator
