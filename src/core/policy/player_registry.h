// All players in one visible list.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/policy/player.h"

namespace tradewind::policy {

// A player of that name for the problem, which must outlive it; nullptr when there is none of that name.
// Whatever the player does, its answers can be given and keep every deadline that on-demand can keep
// (safety.h).
std::unique_ptr<Player> make_player(std::string_view name, const Problem& problem);
std::vector<std::string_view> player_names();

}  // namespace tradewind::policy
