// The promises, checked against the ground truth that the control plane cannot see.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/model/records.h"
#include "edge/checkpoint/ledger.h"
#include "edge/objectstore/object_store.h"
#include "engine/simulator/model_backend.h"
#include "engine/simulator/overlay.h"
#include "engine/simulator/timeline.h"

namespace tradewind::simulator {

class Truth {
 public:
  // By provider::supplier_name().
  using Backends = std::map<std::string, std::unique_ptr<ModelBackend>>;
  Truth(const Timeline& time, const Backends& backends, objectstore::ObjectStore& store, OwnerId owner,
        Duration lease_term);

  // A user was told that this job is stored.
  void acknowledged(const JobId& job) {
    if (acknowledged_.insert(job).second) check_due_.emplace(time_.now(), job);
  }
  // A supplier is asked to launch; `committed` is what the store holds at that moment.
  void launch_asked(const ClusterState& committed, const provider::LaunchRequest& request);
  // These events were committed on top of `before`.
  void committed(const ClusterState& before, const std::vector<Event>& events);
  // After every step. A job that was acknowledged is looked for at once, and every half minute from then on.
  void check(const ClusterState& committed);
  // At the end, when faults have long ceased: everything finished, nothing runs.
  void check_end(const ClusterState& committed);

  // How many jobs there are: so many may be launched at once.
  void expect_jobs(int jobs) { rush_ = std::max(rush_, std::size_t{4} * static_cast<std::size_t>(jobs)); }

  void violation(const std::string& what);
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  void check_ledger(const JobId& job);
  void check_loss(const LeaseRecord& lease);
  void check_rush(const std::string& offer);
  void check_restart(const Overlay& before, const LeaseRecord& intended);
  void check_verdict(const LeaseRecord& lease, const ModelBackend& backend);
  const ModelBackend* backend_of(const Location& location) const;

  const Timeline& time_;
  const Backends& backends_;
  objectstore::ObjectStore& store_;
  OwnerId owner_;
  Duration lease_term_;
  std::set<JobId> acknowledged_;
  std::set<std::string> tokens_asked_;
  std::map<std::string, std::deque<Time>> asked_lately_;  // by offer
  std::size_t rush_ = 24;                                 // launches on one offer within a minute, at most
  std::map<JobId, std::vector<LedgerRecord>> ledgers_;
  std::map<JobId, checkpoint::LedgerView> views_;
  std::set<std::pair<Time, JobId>> check_due_;  // of those acknowledged
  std::vector<std::string> violations_;
};

}  // namespace tradewind::simulator
