#include <gtest/gtest.h>
#include <set>

#include "core/lifecycle/job.h"
#include "core/lifecycle/lease.h"
#include "core/lifecycle/move.h"

namespace tradewind::lifecycle {
namespace {

template <class State, class Change>
void expect_each_edge_once(std::span<const Edge<State, Change>> edges) {
  std::set<std::pair<State, Change>> seen;
  for (const auto& edge : edges) EXPECT_TRUE(seen.insert({edge.from, edge.on}).second);
}

// Every state from which some end cannot be reached is a trap.
template <class State, class Change>
std::set<State> reachable(std::span<const Edge<State, Change>> edges, State from) {
  std::set<State> found = {from};
  for (std::size_t before = 0; before != found.size();) {
    before = found.size();
    for (const auto& edge : edges) {
      if (found.contains(edge.from)) found.insert(edge.to);
    }
  }
  return found;
}

TEST(Lifecycle, NoTableAnswersAChangeTwice) {
  expect_each_edge_once(job_edges());
  expect_each_edge_once(lease_edges());
  expect_each_edge_once(move_edges());
}

TEST(Lifecycle, EndedStatesHaveNoWayOut) {
  for (const auto& edge : job_edges()) EXPECT_FALSE(is_final(edge.from));
  for (const auto& edge : lease_edges()) EXPECT_NE(edge.from, LeaseState::ended);
  for (const auto& edge : move_edges()) {
    EXPECT_NE(edge.from, MoveState::done);
    EXPECT_NE(edge.from, MoveState::failed);
  }
}

TEST(Lifecycle, EveryStateIsReachedFromTheFirstAndReachesAnEnd) {
  EXPECT_EQ(reachable(job_edges(), JobState::queued).size(), 9U);
  EXPECT_EQ(reachable(lease_edges(), LeaseState::intended).size(), 5U);
  EXPECT_EQ(reachable(move_edges(), MoveState::preparing).size(), 5U);
  for (const auto& edge : job_edges()) {
    const auto ends = reachable(job_edges(), edge.from);
    EXPECT_TRUE(ends.contains(JobState::succeeded) || ends.contains(JobState::cancelled))
        << to_text(edge.from);
  }
  for (const auto& edge : lease_edges()) {
    EXPECT_TRUE(reachable(lease_edges(), edge.from).contains(LeaseState::ended)) << to_text(edge.from);
  }
}

TEST(Lifecycle, AFinishedJobIsNeverRestarted) {
  for (const JobState state : {JobState::succeeded, JobState::failed, JobState::cancelled}) {
    EXPECT_EQ(next(state, JobChange::placed), std::nullopt);
    EXPECT_EQ(next(state, JobChange::interrupted), std::nullopt);
  }
}

TEST(Lifecycle, ALeaseEndsOnlyWhenItWasSeenGoneOrNeverMade) {
  for (const auto& edge : lease_edges()) {
    if (edge.to == LeaseState::ended) {
      EXPECT_TRUE(edge.on == LeaseChange::gone || edge.on == LeaseChange::never_made);
    }
  }
}

}  // namespace
}  // namespace tradewind::lifecycle
