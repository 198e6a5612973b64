// One line of `tradewind jobs`, and the head of everything that is said about one job.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/money.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind::api {

struct JobSummary {
  JobId id;
  std::string name;
  std::string state;  // of JobState
  double step = 0;
  double total_steps = 0;            // 0: not known
  std::string location;              // of the lease that runs it now, or ran it last; empty: none yet
  std::string instance_type = {};    // of that lease
  std::string purchase = {};         // of that lease: of Purchase
  int attempts = 0;                  // leases that got an instance
  Money cost;                        // of all leases so far, at list price
  std::string reason = {};           // why it is where it is
  std::string phase = {};            // of the agent; empty: none has reported
  double saved_step = 0;             // of the newest checkpoint
  double rate_per_s = 0;             // steps a second; 0: not known
  std::optional<Duration> eta = {};  // until the last step, at that rate
  std::map<std::string, double> metrics = {};
  std::optional<Time> unseen_since = {};     // no sign of life since then, and no evidence of loss either
  std::optional<Time> notice_deadline = {};  // the supplier takes the place back then
  Time submitted_at;
  std::optional<Time> started_at = {};
  std::optional<Time> ended_at = {};
  std::optional<Time> deadline = {};
  std::optional<Money> budget = {};
  std::optional<int> exit_code = {};
  bool operator==(const JobSummary&) const = default;
};

json::value to_json(const JobSummary& job);
Result<JobSummary> job_summary_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
