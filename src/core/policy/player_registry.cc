#include "core/policy/player_registry.h"

#include <array>

#include "core/policy/players.h"
#include "core/policy/safety.h"
#include "core/policy/tradewind_player.h"

namespace tradewind::policy {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Player> (*make)(const Problem&);
};

constexpr std::array<Entry, 6> entries = {{
    {"tradewind",
     [](const Problem& problem) -> std::unique_ptr<Player> {
       return std::make_unique<TradewindPlayer>(problem);
     }},
    {"on_demand", on_demand_player},
    {"greedy", [](const Problem& problem) { return greedy_player(problem, Breadth::first_zone); }},
    {"failover", [](const Problem& problem) { return greedy_player(problem, Breadth::all_zones); }},
    {"uniform_progress",
     [](const Problem& problem) { return uniform_progress_player(problem, Breadth::first_zone); }},
    {"uniform_multi",
     [](const Problem& problem) { return uniform_progress_player(problem, Breadth::all_zones); }},
}};

}  // namespace

std::unique_ptr<Player> make_player(std::string_view name, const Problem& problem) {
  for (const Entry& entry : entries) {
    if (entry.name == name) return std::make_unique<Guarded>(entry.make(problem), problem);
  }
  return nullptr;
}

std::vector<std::string_view> player_names() {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace tradewind::policy
