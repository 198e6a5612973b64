// One stay of a job at one supplier, as users see it: where, for how long, at which price, what came of it.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/money.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind::api {

struct LeaseView {
  LeaseId id;
  int attempt = 0;
  std::string role;   // of LeaseRole
  std::string state;  // of LeaseState
  std::string location;
  std::string instance_type;
  std::string purchase;
  Money price_per_hour;
  std::string instance = {};             // the supplier's name for it; empty: none yet
  std::optional<Time> launched_at = {};  // billed from here
  std::optional<Time> ended_at = {};     // and until here
  Duration duration{};                   // billed so far
  Money cost;                            // duration × price
  std::string end = {};                  // of LeaseEnd; empty while it lives
  std::string reason = {};
  std::string phase = {};
  std::uint64_t epoch = 0;
  double first_step = 0;  // where its program began
  double last_step = 0;   // where it had got to when last seen
  double saved_step = 0;  // of its newest checkpoint
  std::string saved_digest = {};
  std::string restored_digest = {};
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::uint64_t bytes_saved = 0;
  std::optional<Time> program_started_at = {};
  std::optional<Time> program_stopped_at = {};
  std::optional<Time> unseen_since = {};
  std::optional<Time> notice_deadline = {};
  bool operator==(const LeaseView&) const = default;
};

json::value to_json(const LeaseView& lease);
Result<LeaseView> lease_view_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
