#include "core/policy/policy.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/random.h"

namespace tradewind::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Decision::Kind;

const Time start_time = parse_utc("2026-03-01T00:00:00Z").value();

Candidate candidate(const std::string& type, Purchase purchase, Duration p95, double cost) {
  Offer offer;
  offer.location = {"aws", "us-east-1"};
  offer.instance_type = type;
  offer.purchase = purchase;
  return {.offer = offer, .p95_remaining = p95, .expected_cost = Money::estimate(cost)};
}
Candidate spot(const std::string& type, Duration p95, double cost) {
  return candidate(type, Purchase::spot, p95, cost);
}
Candidate on_demand(const std::string& type, Duration p95, double cost) {
  return candidate(type, Purchase::on_demand, p95, cost);
}
Candidate blocked(Candidate what, Duration span) {
  what.blocked_until = start_time + span;
  return what;
}

View view_of(std::vector<Candidate> candidates, std::optional<Duration> deadline = std::nullopt) {
  View view{.now = start_time, .candidates = std::move(candidates)};
  if (deadline) view.deadline = start_time + *deadline;
  return view;
}

TEST(Registry, MakesEveryPolicyItNames) {
  for (const std::string_view name : policy_names()) {
    const auto policy = make_policy(name);
    ASSERT_NE(policy, nullptr) << name;
    EXPECT_EQ(policy->name(), name);
  }
  EXPECT_EQ(policy_names(), (std::vector<std::string_view>{"failover", "on_demand"}));
  EXPECT_EQ(make_policy("hope"), nullptr);
}

TEST(OnDemand, PassesCheaperSpotBy) {
  const Decision decision =
      make_on_demand()->decide(view_of({spot("a", hours(1), 1), on_demand("b", hours(1), 3)}));
  EXPECT_EQ(decision.kind, Kind::launch);
  EXPECT_EQ(decision.candidate, 1U);
}

TEST(OnDemand, HoldsWhatItHasAndReplacesSpot) {
  View view = view_of({on_demand("b", hours(1), 3)});
  view.held = on_demand("c", hours(1), 9).offer;
  EXPECT_EQ(make_on_demand()->decide(view).kind, Kind::hold);
  view.held = spot("c", hours(1), 1).offer;
  EXPECT_EQ(make_on_demand()->decide(view).kind, Kind::launch);
  view.candidates = {spot("c", hours(1), 1)};
  EXPECT_EQ(make_on_demand()->decide(view).kind, Kind::hold);
}

TEST(OnDemand, WaitsForTheFirstBlockedCandidate) {
  const Decision decision = make_on_demand()->decide(view_of(
      {blocked(on_demand("a", hours(1), 1), minutes(9)), blocked(on_demand("b", hours(1), 2), minutes(4)),
       blocked(spot("c", hours(1), 1), minutes(1))}));
  EXPECT_EQ(decision.kind, Kind::wait);
  EXPECT_EQ(decision.until, start_time + minutes(4));
}

TEST(OnDemand, AsksAgainWhenThereIsNothing) {
  const Decision decision = make_on_demand()->decide(view_of({spot("c", hours(1), 1)}));
  EXPECT_EQ(decision.kind, Kind::wait);
  EXPECT_EQ(decision.until, start_time + minutes(1));
  EXPECT_EQ(decision.reason, "there is no on-demand offer");
}

TEST(Failover, TakesTheCheapestThatIsNotBlocked) {
  const Decision decision = make_failover()->decide(
      view_of({blocked(spot("a", hours(1), 1), minutes(5)), spot("b", hours(1), 2), spot("c", hours(1), 3)}));
  EXPECT_EQ(decision.kind, Kind::launch);
  EXPECT_EQ(decision.candidate, 1U);
}

TEST(Failover, TakesACandidateWhoseBlockHasEnded) {
  const Decision decision =
      make_failover()->decide(view_of({blocked(spot("a", hours(1), 1), minutes(0)), spot("b", hours(1), 2)}));
  EXPECT_EQ(decision.candidate, 0U);
}

TEST(Failover, FallsBackToOnDemandWhenAllSpotIsBlocked) {
  const Decision decision = make_failover()->decide(
      view_of({blocked(spot("a", hours(1), 1), minutes(5)), on_demand("b", hours(1), 2)}));
  EXPECT_EQ(decision.kind, Kind::launch);
  EXPECT_EQ(decision.candidate, 1U);
}

TEST(Failover, WaitsWhenEverythingIsBlocked) {
  const Decision decision = make_failover()->decide(view_of({blocked(spot("a", hours(1), 1), minutes(5))}));
  EXPECT_EQ(decision.kind, Kind::wait);
  EXPECT_EQ(decision.until, start_time + minutes(5));
}

TEST(Failover, HoldsSpotWhileThereIsSlackAndSaysUntilWhen) {
  View view = view_of({spot("a", hours(2), 1), on_demand("b", hours(1), 3)}, hours(3));
  view.held = view.candidates[0].offer;
  const Decision decision = make_failover()->decide(view);
  EXPECT_EQ(decision.kind, Kind::hold);
  // Two hours of slack less the margin of 2 % of an hour.
  EXPECT_EQ(decision.until, start_time + hours(2) - seconds(72));
  EXPECT_EQ(decision.reason,
            "the spot machine runs on: 2h 00m of slack before aws/us-east-1:b:on_demand has to take over");
}

TEST(Failover, SwitchesHeldSpotToOnDemandBeforeTheSlackIsGone) {
  View view = view_of({spot("a", hours(2), 1), on_demand("b", hours(1), 3)}, hours(1) + seconds(60));
  view.held = view.candidates[0].offer;
  const Decision decision = make_failover()->decide(view);
  EXPECT_EQ(decision.kind, Kind::launch);
  EXPECT_EQ(decision.candidate, 1U);
}

TEST(Failover, SwitchesToTheCheapestOnDemandThatStillMeetsTheDeadline) {
  View view = view_of(
      {on_demand("slow", hours(4), 2), on_demand("good", hours(1), 3), on_demand("dear", minutes(59), 9)},
      hours(1) + seconds(60));
  view.held = spot("a", hours(2), 1).offer;
  EXPECT_EQ(make_failover()->decide(view).candidate, 1U);
}

TEST(Failover, KeepsSpotWhenOnDemandWouldBeTooLateAnyway) {
  View view = view_of({on_demand("b", hours(1), 3)}, minutes(5));
  view.held = spot("a", hours(2), 1).offer;
  EXPECT_EQ(make_failover()->decide(view).kind, Kind::hold);
}

TEST(Failover, StartsOnDemandAtOnceWhenThereIsNoSlackForSpot) {
  const View view = view_of({spot("a", hours(1), 1), on_demand("b", hours(1), 3)}, hours(1) + seconds(100));
  EXPECT_EQ(make_failover()->decide(view).candidate, 1U);
}

TEST(Failover, StartsSpotThatMeetsTheDeadline) {
  const View view =
      view_of({spot("late", hours(9), 1), spot("a", hours(2), 2), on_demand("b", hours(1), 3)}, hours(3));
  EXPECT_EQ(make_failover()->decide(view).candidate, 1U);
}

TEST(Failover, TakesTheLeastLateWhenNothingMeetsTheDeadline) {
  const View view =
      view_of({spot("a", hours(9), 1), on_demand("b", hours(4), 3), on_demand("c", hours(5), 2)}, hours(3));
  EXPECT_EQ(make_failover()->decide(view).candidate, 1U);
}

TEST(Failover, NeverLeavesOnDemandAgain) {
  View view = view_of({spot("a", hours(1), 1), on_demand("b", hours(1), 3)}, hours(10));
  view.held = view.candidates[1].offer;
  EXPECT_EQ(make_failover()->decide(view).kind, Kind::hold);
}

// A hostile spot market: machines are taken at any moment without a notice, and spot is refused now and then.
// On-demand can always be had. The job must finish in time whatever happens, if it could at the start.
struct Market {
  Random random;
  Duration work;
  Duration cold_start;
  Duration save_every;
  Time deadline;
  double preemption_per_tick;

  Time now = start_time;
  Duration progress{};
  Duration saved{};
  std::optional<Offer> held = std::nullopt;
  Duration starting{};
  std::optional<Time> spot_blocked_until = std::nullopt;
  int preemptions = 0;
  bool used_spot = false;

  View view() const {
    const Duration left = cold_start + work - saved;
    Candidate on_spot = spot("a", left + left / 4, 1);
    on_spot.blocked_until = spot_blocked_until;
    return {.now = now,
            .deadline = deadline,
            .held = held,
            .candidates = {on_spot, on_demand("b", left, 3)},
            .preemptions = preemptions};
  }

  void act(const View& seen, const Decision& decision) {
    if (decision.kind != Kind::launch) return;
    held = seen.candidates[decision.candidate].offer;
    used_spot = used_spot || held->purchase == Purchase::spot;
    progress = saved;
    starting = cold_start;
  }

  void run(Duration span) {
    const Duration end_of_start = std::min(starting, span);
    now += span;
    if (!held) return;
    starting -= end_of_start;
    progress = std::min(work, progress + span - end_of_start);
    saved = std::max(saved, progress / save_every * save_every);
    if (progress == work) saved = work;
    if (held->purchase == Purchase::spot && random.chance(preemption_per_tick)) {
      held.reset();
      progress = saved;
      ++preemptions;
      if (random.chance(0.5)) spot_blocked_until = now + minutes(static_cast<int>(random.below(30)));
    }
  }
};

Duration random_minutes(Random& random, std::uint64_t least, std::uint64_t most) {
  return minutes(static_cast<std::int64_t>(least + random.below(most - least + 1)));
}

Market random_market(std::uint64_t seed) {
  Random random(seed);
  const Duration work = random_minutes(random, 30, 1200);
  const Duration cold_start = random_minutes(random, 1, 20);
  const Duration save_every = random_minutes(random, 1, 120);
  const Duration spare = random_minutes(random, 1, 600);
  return {.random = Random(seed + 1),
          .work = work,
          .cold_start = cold_start,
          .save_every = save_every,
          .deadline = start_time + cold_start + work + spare,
          .preemption_per_tick = random.unit() * 0.2};
}

TEST(Failover, MeetsTheDeadlineWhateverTheSpotMarketDoes) {
  const auto policy = make_failover();
  int used_spot = 0;
  int preemptions = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Market market = random_market(seed);
    while (market.progress < market.work) {
      ASSERT_LE(market.now, market.deadline) << "seed " << seed;
      const View view = market.view();
      const Decision decision = policy->decide(view);
      market.act(view, decision);
      Duration span = minutes(1);
      if (decision.until > market.now) span = std::min(span, decision.until - market.now);
      market.run(span);
    }
    EXPECT_LE(market.now, market.deadline) << "seed " << seed;
    used_spot += market.used_spot ? 1 : 0;
    preemptions += market.preemptions;
  }
  // The guarantee is not bought by staying away from spot.
  EXPECT_GT(used_spot, 180);
  EXPECT_GT(preemptions, 300);
}

}  // namespace
}  // namespace tradewind::policy
