// Defects that can be planted around the drivers, most of them behind, each of which some seed must catch.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/model/enum_text.h"

namespace tradewind::simulator {

enum class Mutant {
  none,
  blackout_is_loss,         // a list that nobody answered is taken for an empty one
  launch_repeated,          // each launch is asked for twice
  offers_never_blocked,     // who was refused asks the same offer again at once
  ledger_overwritten,       // create-if-absent overwrites
  driver_wedged,            // after a launch that was not answered none is any more
  owners_mixed_up,          // another owner's instances are listed as ours
  slurm_no_lookup,          // a launch that is repeated submits without a look at the queue
  slurm_claim_ignored,      // of two jobs of one token both run
  slurm_requeued_runs,      // a requeued job runs its agent again
  slurm_queued_kept,        // what waits in the queue is not cancelled
  slurm_array_again,        // an array that was asked for again takes tokens that are used
  slurm_array_cancelled,    // with one element of an array all of it is cancelled
  ssh_token_forgotten,      // a host launches again for a token that it knows
  ssh_claim_kept,           // an instance that ended keeps its claim
  ssh_way_back_unproved,    // agents' way home is not repaired before a list counts
  kubernetes_watch_gap,     // a watch that was cut goes on from now, and not from where it was cut
  kubernetes_expired_kept,  // a watch that expired is taken for one that ended in time
  kubernetes_page_dropped,  // a list ends where its continue token expired
  kubernetes_second_pod,    // a pod that failed gets a successor
  kubernetes_pod_kept,      // the end of a Job whose pod waits is overlooked
};
inline constexpr std::array<std::string_view, 21> mutant_names = {"none",
                                                                  "blackout_is_loss",
                                                                  "launch_repeated",
                                                                  "offers_never_blocked",
                                                                  "ledger_overwritten",
                                                                  "driver_wedged",
                                                                  "owners_mixed_up",
                                                                  "slurm_no_lookup",
                                                                  "slurm_claim_ignored",
                                                                  "slurm_requeued_runs",
                                                                  "slurm_queued_kept",
                                                                  "slurm_array_again",
                                                                  "slurm_array_cancelled",
                                                                  "ssh_token_forgotten",
                                                                  "ssh_claim_kept",
                                                                  "ssh_way_back_unproved",
                                                                  "kubernetes_watch_gap",
                                                                  "kubernetes_expired_kept",
                                                                  "kubernetes_page_dropped",
                                                                  "kubernetes_second_pod",
                                                                  "kubernetes_pod_kept"};
constexpr std::string_view to_text(Mutant mutant) {
  return enum_name(mutant_names, mutant);
}
inline std::optional<Mutant> mutant_from_text(std::string_view text) {
  return enum_value<Mutant>(mutant_names, text);
}

}  // namespace tradewind::simulator
