#include "core/lifecycle/job.h"

#include <array>

#include "core/model/enum_text.h"

namespace tradewind::lifecycle {
namespace {

using S = JobState;
using C = JobChange;

constexpr std::array<Edge<S, C>, 30> edges = {{
    {S::queued, C::placed, S::starting},
    {S::queued, C::cancel_asked, S::cancelled},
    {S::queued, C::gave_up, S::failed},
    {S::queued, C::finished_ok, S::succeeded},
    {S::queued, C::finished_error, S::failed},
    {S::starting, C::unplaced, S::queued},
    {S::starting, C::began, S::running},
    {S::starting, C::interrupted, S::recovering},
    {S::starting, C::paused, S::waiting},
    {S::starting, C::cancel_asked, S::stopping},
    {S::starting, C::finished_ok, S::succeeded},
    {S::starting, C::finished_error, S::failed},
    {S::running, C::interrupted, S::recovering},
    {S::running, C::paused, S::waiting},
    {S::running, C::cancel_asked, S::stopping},
    {S::running, C::finished_ok, S::succeeded},
    {S::running, C::finished_error, S::failed},
    {S::recovering, C::placed, S::starting},
    {S::recovering, C::cancel_asked, S::stopping},
    {S::recovering, C::finished_ok, S::succeeded},
    {S::recovering, C::finished_error, S::failed},
    {S::recovering, C::gave_up, S::failed},
    {S::waiting, C::placed, S::starting},
    {S::waiting, C::cancel_asked, S::stopping},
    {S::waiting, C::finished_ok, S::succeeded},
    {S::waiting, C::finished_error, S::failed},
    {S::waiting, C::gave_up, S::failed},
    {S::stopping, C::drained, S::cancelled},
    {S::stopping, C::finished_ok, S::succeeded},  // it was quicker than the order to stop
    {S::stopping, C::finished_error, S::cancelled},
}};

constexpr std::array<std::string_view, 10> names = {
    "placed",       "unplaced", "began",       "interrupted",    "paused",
    "cancel_asked", "drained",  "finished_ok", "finished_error", "gave_up"};

}  // namespace

std::string_view to_text(JobChange change) {
  return enum_name(names, change);
}
std::span<const Edge<JobState, JobChange>> job_edges() {
  return edges;
}
std::optional<JobState> next(JobState state, JobChange change) {
  return follow(job_edges(), state, change);
}

}  // namespace tradewind::lifecycle
