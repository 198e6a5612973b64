// The form of every state machine here: a table of edges that one can read. No entry, no transition.
#pragma once

#include <optional>
#include <span>

namespace tradewind::lifecycle {

template <class State, class Change>
struct Edge {
  State from;
  Change on;
  State to;
};

// The state after `change`, or nothing where the table has no such edge.
template <class State, class Change>
std::optional<State> follow(std::span<const Edge<State, Change>> edges, State from, Change change) {
  for (const auto& edge : edges) {
    if (edge.from == from && edge.on == change) return edge.to;
  }
  return std::nullopt;
}

}  // namespace tradewind::lifecycle
