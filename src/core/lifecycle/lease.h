// The life of a lease: one launch attempt, from the intent to the moment its instance was seen gone.
//
//   intended ──launched──▶ launched ──reported──▶ active ──release──▶ releasing ──gone──▶ ended
//       └──never_made──▶ ended       release / gone lead on from launched as they do from active
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/lifecycle/transition.h"
#include "core/model/records.h"

namespace tradewind::lifecycle {

enum class LeaseChange {
  launched,    // the supplier named an instance: by its reply, or found by token in a list
  never_made,  // the supplier refused, or a settled list shows no trace of the token
  reported,    // the agent has claimed the job
  release,     // we want its end; asked of the supplier until it is seen gone
  gone,        // listed as terminated, or missing from two complete lists
};
std::string_view to_text(LeaseChange change);

std::span<const Edge<LeaseState, LeaseChange>> lease_edges();
std::optional<LeaseState> next(LeaseState state, LeaseChange change);

}  // namespace tradewind::lifecycle
