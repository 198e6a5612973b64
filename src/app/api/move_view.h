// A move from one supplier to another, as users see it.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind::api {

struct MoveView {
  MoveId id;
  JobId job;
  std::string state;                      // of MoveState
  std::string from;                       // location
  std::string to;                         // location of the target; what was asked for until one is found
  std::optional<Duration> downtime = {};  // from the program's end at the source to its start at the target
  std::uint64_t bytes_moved = 0;          // that travelled
  std::uint64_t bytes_reused = 0;         // of the state, that lay at the target already
  double step_saved = 0;
  double step_resumed = 0;
  bool digest_equal = false;  // the state restored is the state saved, byte for byte
  std::string digest_saved = {};
  std::string digest_restored = {};
  Time requested_at;
  std::optional<Time> stopped_at = {};
  std::optional<Time> resumed_at = {};
  std::optional<Time> ended_at = {};
  std::string reason = {};
  bool operator==(const MoveView&) const = default;
};

json::value to_json(const MoveView& move);
Result<MoveView> move_view_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
