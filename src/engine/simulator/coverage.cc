#include "engine/simulator/coverage.h"

#include "core/lifecycle/job.h"
#include "core/lifecycle/lease.h"
#include "core/lifecycle/move.h"
#include "engine/simulator/overlay.h"

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
  const Overlay& state;
  std::string operator()(const JobRecord& job) const { return text_of(state.job(job.id)); }
  std::string operator()(const LeaseRecord& lease) const { return text_of(state.lease(lease.id)); }
  std::string operator()(const MoveRecord& move) const { return text_of(state.move(move.id)); }

  template <class Record>
  static std::string text_of(const Record* known) {
    return known == nullptr ? "" : std::string(to_text(known->state));
  }
};

}  // namespace

void Coverage::note(const ClusterState& before, const std::vector<Event>& events, Fault fault) {
  Overlay state(before);
  for (const Event& event : events) {
    const std::size_t dot = event.kind.find('.');
    const std::string from = std::visit(StateBefore{state}, event.after);
    EdgeCount& count = edges_[edge_name(event.kind.substr(0, dot), from, event.kind.substr(dot + 1))];
    ++count.crossed;
    if (fault == Fault::crash_before) ++count.crash_before;
    if (fault == Fault::crash_after) ++count.crash_after;
    state.apply(event);
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
