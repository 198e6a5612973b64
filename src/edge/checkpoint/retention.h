// Which checkpoints are worth keeping, besides the newest.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "core/model/job.h"
#include "core/model/manifest.h"

namespace tradewind::checkpoint {

struct Retention {
  int last = 1;    // the newest
  int hourly = 0;  // the newest of each of the last hours that have one, by the clock of UTC
  int daily = 0;   // the same of days
  int best = 0;    // those with the lowest value of `metric`; of equal ones the newest
  std::string metric = {};
  bool highest = false;  // rather those with the highest

  // Whether more than the newest are kept.
  bool chooses() const { return hourly > 0 || daily > 0 || best > 0; }
};

// What a task file asks for.
Retention retention_of(const CheckpointRequest& request);

struct Candidate {
  ManifestId id;
  Time created_at;
  std::map<std::string, double> metrics = {};
};
// Of these, oldest first. One that does not have the metric is never among the best.
std::set<ManifestId> chosen_by(const Retention& retention, const std::vector<Candidate>& candidates);

}  // namespace tradewind::checkpoint
