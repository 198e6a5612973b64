// The state as it becomes while the events of one commit are gone through, without a copy of what they leave
// alone.
#pragma once

#include <map>

#include "core/model/records.h"

namespace tradewind::simulator {

class Overlay {
 public:
  // REQUIRES: `before` outlives this and does not change.
  explicit Overlay(const ClusterState& before) : before_(before) {}

  void apply(const Event& event) { tradewind::apply(changed_, event); }
  // nullptr when there is none. Valid until the next event.
  const JobRecord* job(const JobId& id) const { return find(changed_.jobs, before_.jobs, id); }
  const LeaseRecord* lease(const LeaseId& id) const { return find(changed_.leases, before_.leases, id); }
  const MoveRecord* move(const MoveId& id) const { return find(changed_.moves, before_.moves, id); }

 private:
  template <class Id, class Record>
  static const Record* find(const std::map<Id, Record>& changed, const std::map<Id, Record>& before,
                            const Id& id) {
    if (const auto found = changed.find(id); found != changed.end()) return &found->second;
    const auto found = before.find(id);
    return found == before.end() ? nullptr : &found->second;
  }

  const ClusterState& before_;
  ClusterState changed_;
};

}  // namespace tradewind::simulator
