#include "core/lifecycle/move.h"

#include <array>

#include "core/model/enum_text.h"

namespace tradewind::lifecycle {
namespace {

using S = MoveState;
using C = MoveChange;

constexpr std::array<Edge<S, C>, 7> edges = {{
    {S::preparing, C::target_ready, S::saving},
    {S::preparing, C::source_stopped, S::resuming},
    {S::preparing, C::failed, S::failed},
    {S::saving, C::source_stopped, S::resuming},
    {S::saving, C::failed, S::failed},
    {S::resuming, C::target_running, S::done},
    {S::resuming, C::failed, S::failed},
}};

constexpr std::array<std::string_view, 4> names = {"target_ready", "source_stopped", "target_running",
                                                   "failed"};

}  // namespace

std::string_view to_text(MoveChange change) {
  return enum_name(names, change);
}
std::span<const Edge<MoveState, MoveChange>> move_edges() {
  return edges;
}
std::optional<MoveState> next(MoveState state, MoveChange change) {
  return follow(move_edges(), state, change);
}

}  // namespace tradewind::lifecycle
