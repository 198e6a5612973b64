// The life of a job.
//
//   queued ──placed──▶ starting ──began──▶ running ──finished──▶ succeeded | failed
//     ▲                  │  ▲                 │
//     └─────unplaced─────┘  ├──placed── recovering ◀──interrupted── (starting, running)
//                           └──placed── waiting ◀──paused── (starting, running)
//   cancel_asked leads from each of them to stopping (or at once to cancelled), and `drained` from there to
//   cancelled.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/lifecycle/transition.h"
#include "core/model/records.h"

namespace tradewind::lifecycle {

enum class JobChange {
  placed,       // a lease was intended for it
  unplaced,     // that lease ended before the job ever ran
  began,        // an agent has claimed it
  interrupted,  // its lease ended and the job has not
  paused,       // its policy gave its lease back: to wait for a better place, or for its budget's sake
  cancel_asked,
  drained,         // after a cancellation: no lease of it is alive any more
  finished_ok,     // the ledger says so
  finished_error,  // the ledger says so
  gave_up,         // it cannot be placed, or fails without its program having a say
};
std::string_view to_text(JobChange change);

std::span<const Edge<JobState, JobChange>> job_edges();
std::optional<JobState> next(JobState state, JobChange change);

}  // namespace tradewind::lifecycle
