// The life of a move. Until the source has stopped, any failure leaves it running; from then on the target is
// the job's future.
//
//   preparing ──target_ready──▶ saving ──source_stopped──▶ resuming ──target_running──▶ done
//       └── source_stopped (it was lost meanwhile) ──────────▲        failed leads from each to failed
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/lifecycle/transition.h"
#include "core/model/records.h"

namespace tradewind::lifecycle {

enum class MoveChange { target_ready, source_stopped, target_running, failed };
std::string_view to_text(MoveChange change);

std::span<const Edge<MoveState, MoveChange>> move_edges();
std::optional<MoveState> next(MoveState state, MoveChange change);

}  // namespace tradewind::lifecycle
