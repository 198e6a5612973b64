// The same market through the real broker and through the fast backtest: the same decisions.
#include "engine/simulator/mirror.h"

#include <cmath>
#include <gtest/gtest.h>

#include "base/random.h"
#include "core/backtest/play.h"
#include "core/policy/player_registry.h"
#include "core/scheduler/survey.h"

namespace tradewind::simulator {
namespace {

Offer offer_of(const Location& location, Purchase purchase, double price) {
  Offer offer;
  offer.location = location;
  offer.instance_type = "machine";
  offer.vcpus = 8;
  offer.memory_gib = 32;
  offer.purchase = purchase;
  offer.price_per_hour = Money::estimate(price);
  return offer;
}

struct Case {
  MirrorSetup setup;
  backtest::World world;
};

// Up and down in spells of random lengths.
std::vector<std::uint8_t> random_life(Random& random, int ticks) {
  const double mean_up = 5 + 120 * random.unit();
  const double mean_down = 3 + 60 * random.unit();
  bool up = random.chance(0.6);
  std::vector<std::uint8_t> life;
  while (std::ssize(life) < ticks) {
    const double spell = 1 + random.exponential(up ? mean_up : mean_down);
    for (int i = 0; i < static_cast<int>(spell) && std::ssize(life) < ticks; ++i) life.push_back(up ? 1 : 0);
    up = !up;
  }
  return life;
}

MirrorSetup random_setup(Random& random, const std::string& policy) {
  MirrorSetup setup;
  const double cold_start_s = 20.0 * static_cast<double>(random.below(12));
  for (const char* provider : {"aws", "gcp"}) {
    setup.suppliers[provider] = {Duration(0), duration_of_seconds(cold_start_s), Duration(0)};
  }
  const int zones = 2 + static_cast<int>(random.below(4));
  for (int i = 0; i < zones; ++i) {
    const std::string region = "region-" + std::to_string(random.below(2));
    const Location location{random.chance(0.5) ? "aws" : "gcp", region, region + std::to_string(i)};
    const double on_demand = 3 + random.unit();
    setup.offers.push_back(offer_of(location, Purchase::on_demand, on_demand));
    setup.offers.push_back(offer_of(location, Purchase::spot, on_demand * (0.2 + 0.4 * random.unit())));
  }
  const double work_s = 3600 * (1 + 4 * random.unit());
  setup.spec.name = "mirrored";
  setup.spec.run = "train";
  setup.spec.work.total = 10'000;
  setup.spec.work.rate_per_s = {{"cpu", 10'000 / work_s}};
  setup.spec.deadline_after = duration_of_seconds(std::round(work_s * (1.5 + 1.5 * random.unit())));
  setup.spec.checkpoint.path = "state";
  setup.spec.checkpoint.interval = duration_of_seconds(60.0 * static_cast<double>(1 + random.below(30)));
  setup.spec.policy = policy;
  const bool big = random.chance(0.4);
  const auto bytes = static_cast<std::uint64_t>(big ? 5e9 + 40e9 * random.unit() : 0);
  scheduler::SurveyRules rules;
  rules.suppliers = setup.suppliers;
  rules.egress = [](const Location& from, const Location& to, std::uint64_t size) {
    const double per_gb = from.provider != to.provider ? 0.09 : 0.02;
    return catalog::EgressQuote{.cost = Money::estimate(static_cast<double>(size) / 1e9 * per_gb)};
  };
  setup.survey = [survey = scheduler::make_survey(rules), bytes](scheduler::SurveyQuestion question) {
    question.checkpoint_bytes = bytes;
    return survey(question);
  };
  return setup;
}

Case random_case(std::uint64_t seed, const std::string& policy) {
  Random random(seed);
  Case random_one{random_setup(random, policy), {}};
  backtest::World& world = random_one.world;
  world.problem = problem_of(random_one.setup);
  const int ticks = world.problem.deadline_ticks;
  // Prices are the broker's own: they stand still.
  for (const policy::Zone& zone : world.problem.zones) {
    world.up.push_back(random_life(random, ticks));
    for (const Offer& offer : random_one.setup.offers) {
      if (offer.purchase != Purchase::spot || to_text(offer.location) != zone.name) continue;
      world.spot_per_h.emplace_back(static_cast<std::size_t>(ticks), offer.price_per_hour.as_double());
    }
  }
  return random_one;
}

std::vector<MirrorDecision> decisions_of(const backtest::World& world, const backtest::Played& played) {
  std::vector<MirrorDecision> decisions;
  for (const backtest::Decision& decision : played.decisions) {
    MirrorDecision told{decision.tick, "stop", "", "", true};
    if (decision.answer.action == policy::Answer::Action::launch) {
      const policy::Holding& what = decision.answer.launch;
      told.action = "launch";
      told.zone = world.problem.zones[static_cast<std::size_t>(what.zone)].name;
      told.purchase = what.purchase == policy::Purchase::spot ? "spot" : "on_demand";
      told.ok = decision.ok;
    }
    decisions.push_back(told);
  }
  return decisions;
}

std::string lines(const std::vector<MirrorDecision>& decisions) {
  std::string text;
  for (const MirrorDecision& decision : decisions) text += to_text(decision) + "\n";
  return text;
}

struct Count {
  int launches = 0;
  int refused = 0;
  int stops = 0;
  int on_demand = 0;
};

void count(const std::vector<MirrorDecision>& decisions, Count& sum) {
  for (const MirrorDecision& decision : decisions) {
    sum.launches += decision.action == "launch" ? 1 : 0;
    sum.refused += decision.ok ? 0 : 1;
    sum.stops += decision.action == "stop" ? 1 : 0;
    sum.on_demand += decision.purchase == "on_demand" ? 1 : 0;
  }
}

class Mirror : public ::testing::TestWithParam<const char*> {};

TEST_P(Mirror, TheBrokerDecidesAsTheBacktestDoes) {
  Count sum;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Case random_one = random_case(seed, GetParam());
    const auto player = policy::make_player(GetParam(), random_one.world.problem);
    const auto played = backtest::play(random_one.world, *player);
    const auto mirrored = mirror(random_one.setup, random_one.world.up);
    ASSERT_TRUE(played.ok() && mirrored.ok()) << seed;
    const std::vector<MirrorDecision> expected = decisions_of(random_one.world, *played);
    ASSERT_EQ(lines(mirrored->decisions), lines(expected)) << "seed " << seed;
    EXPECT_EQ(mirrored->succeeded, played->outcome.finished) << seed;
    EXPECT_TRUE(played->outcome.finished) << seed;
    EXPECT_NEAR(mirrored->finished_s, played->outcome.finished_s, 1e-3) << seed;
    count(expected, sum);
  }
  std::printf("%s: 60 worlds, %d launches (%d refused, %d on-demand), %d stops\n", GetParam(), sum.launches,
              sum.refused, sum.on_demand, sum.stops);
  EXPECT_GT(sum.launches, 100);
  EXPECT_GT(sum.refused, 5);
  EXPECT_GT(sum.on_demand, 10);
}
INSTANTIATE_TEST_SUITE_P(Players, Mirror, ::testing::Values("tradewind", "failover", "uniform_progress"),
                         [](const auto& each) { return std::string(each.param); });

// What a player has learned is rebuilt from the job's leases.
TEST(MirrorRestart, DecidesTheSameWhenTheControlPlaneIsStartedAgain) {
  for (const char* name : {"failover", "uniform_progress"}) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
      Case random_one = random_case(seed, name);
      const auto once = mirror(random_one.setup, random_one.world.up);
      Random random(seed);
      for (int i = 0; i < 8; ++i) {
        const int ticks = random_one.world.problem.deadline_ticks;
        random_one.setup.restarts_before.insert(
            2 + static_cast<int>(random.below(static_cast<std::uint64_t>(ticks))));
      }
      const auto again = mirror(random_one.setup, random_one.world.up);
      ASSERT_TRUE(once.ok() && again.ok());
      ASSERT_EQ(lines(again->decisions), lines(once->decisions)) << name << " seed " << seed;
    }
  }
}

// The default one also plans by tables that it begins anew: it may decide otherwise, and is in time all the
// same.
TEST(MirrorRestart, TheDefaultPolicyKeepsItsDeadlineWhenTheControlPlaneIsStartedAgain) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    Case random_one = random_case(seed, "tradewind");
    for (int tick = 5; tick < random_one.world.problem.deadline_ticks; tick += 40) {
      random_one.setup.restarts_before.insert(tick);
    }
    const auto again = mirror(random_one.setup, random_one.world.up);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->succeeded) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tradewind::simulator
