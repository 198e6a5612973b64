// No policy misses a deadline that on-demand could have kept, whatever the market does: random jobs, and
// markets that see the decisions and fall when it hurts. TRADEWIND_PROPERTY_CASES sets the number of jobs
// (100,000).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/random.h"
#include "core/backtest/run.h"
#include "core/backtest/scenario.h"
#include "core/policy/player_registry.h"
#include "core/policy/safety.h"

namespace tradewind::backtest {
namespace {

using policy::Answer;
using policy::Info;
using policy::Purchase;
using policy::Sight;

enum class Mood {
  fair,       // each zone comes and goes by chance
  falls,      // what is held falls at once, all else is up
  baits,      // up until so little time is left that a loss hurts most, then all is down
  refuses,    // what cannot be seen is never there when it is asked for
  saves_not,  // what is held falls just before it would save
};
constexpr std::uint64_t moods = 5;

double between(Random& random, double low, double high) {
  return low + (high - low) * random.unit();
}

// Spans that are whole numbers of seconds, tenths, or anything.
double span(Random& random, double high) {
  const double value = between(random, 0, high);
  switch (random.below(3)) {
    case 0:
      return std::floor(value);
    case 1:
      return std::floor(value * 10) / 10;
    default:
      return value;
  }
}

World random_job(Random& random) {
  World world;
  policy::Problem& problem = world.problem;
  problem.id = "random";
  problem.tick_s = 1 + span(random, 300);
  problem.deadline_ticks = 2 + static_cast<int>(random.below(40));
  problem.cold_start_s = random.chance(0.1) ? 0 : span(random, 3 * problem.tick_s);
  problem.transfer_s = span(random, 4 * problem.tick_s);
  const double longest = problem.deadline_s() - problem.cold_start_s;
  // A third leave no time to spare at all, some cannot be kept.
  problem.work_s = random.chance(0.33) ? longest : between(random, 0.05, 1.02) * longest;
  if (!(problem.work_s > 0)) problem.work_s = problem.tick_s;
  problem.checkpoint_interval_s = random.chance(0.5) ? 0 : 1 + span(random, problem.work_s);
  problem.checkpoint_gb = 1;
  problem.info = static_cast<Info>(random.below(3));
  const std::size_t zones = 1 + random.below(4);
  const std::size_t regions = 1 + random.below(3);
  for (std::size_t i = 0; i < zones; ++i) {
    const auto region = static_cast<int>(i == 0 ? 0 : random.below(regions));
    problem.zones.push_back(
        {"z" + std::to_string(i), "p", "r" + std::to_string(region), "z", between(random, 1, 5), region});
  }
  for (std::size_t r = 0; r < regions; ++r) problem.regions.push_back("r" + std::to_string(r));
  problem.move_usd.assign(regions * regions, random.unit());
  const auto ticks = static_cast<std::size_t>(problem.deadline_ticks);
  const double share = random.unit();
  for (std::size_t i = 0; i < zones; ++i) {
    std::vector<std::uint8_t> up(ticks);
    for (std::uint8_t& tick : up) tick = random.chance(share) ? 1 : 0;
    world.up.push_back(up);
    world.spot_per_h.emplace_back(ticks, between(random, 0.1, 4));
  }
  return world;
}

// Changes what has not been shown yet: this tick of zones that cannot be seen, and the next tick of all.
void interfere(World& world, const Sight& sight, const Answer& answer, Mood mood) {
  const auto tick = static_cast<std::size_t>(sight.tick);
  const bool launches = answer.action == Answer::Action::launch && answer.launch.purchase == Purchase::spot;
  if (mood == Mood::fair) return;
  if (launches && mood == Mood::refuses) {
    const auto zone = static_cast<std::size_t>(answer.launch.zone);
    if (sight.capacity[zone] == policy::Seen::unknown) world.up[zone][tick] = 0;
  }
  if (tick + 1 >= world.up.front().size()) return;
  const bool hurts = policy::on_demand_needs_s(world.problem, sight) + 2 * world.problem.tick_s >
                     policy::time_left_s(world.problem, sight);
  const double interval = world.problem.checkpoint_interval_s;
  const bool would_save =
      interval == 0 || sight.progress_s + 2 * world.problem.tick_s >= sight.checkpoint_s + interval;
  for (std::size_t zone = 0; zone < world.up.size(); ++zone) {
    const bool holds =
        (launches && answer.launch.zone == static_cast<int>(zone)) ||
        (answer.action == Answer::Action::hold && sight.held && sight.held->zone == static_cast<int>(zone));
    bool up = true;
    if (mood == Mood::falls) up = !holds;
    if (mood == Mood::baits) up = !hurts;
    if (mood == Mood::saves_not) up = !(holds && would_save);
    world.up[zone][tick + 1] = up ? 1 : 0;
  }
}

Outcome play_against(World world, std::string_view name, Mood mood) {
  const auto player = policy::make_player(name, world.problem);
  Run run(world);
  while (!run.done()) {
    const Answer answer = player->decide(run.look());
    interfere(world, run.look(), answer, mood);
    const Status status = run.act(answer);
    EXPECT_TRUE(status.ok()) << name << ": " << status.error().message;
    if (!status.ok()) break;
  }
  return run.outcome();
}

std::uint64_t cases() {
  const char* wanted = std::getenv("TRADEWIND_PROPERTY_CASES");
  return wanted == nullptr ? 100'000 : std::strtoull(wanted, nullptr, 10);
}

TEST(Deadlines, AreKeptByEveryPolicyWhereOnDemandCanKeepThem) {
  std::uint64_t kept = 0;
  for (std::uint64_t seed = 1; seed <= cases(); ++seed) {
    Random random(seed);
    const World world = random_job(random);
    const policy::Problem& problem = world.problem;
    const bool can_be_kept = problem.work_s + problem.cold_start_s <= problem.deadline_s();
    const auto mood = static_cast<Mood>(random.below(moods));
    for (const std::string_view name : policy::player_names()) {
      const Outcome outcome = play_against(world, name, mood);
      ASSERT_TRUE(outcome.finished || !can_be_kept)
          << name << ", seed " << seed << ", mood " << static_cast<int>(mood);
    }
    if (can_be_kept) ++kept;
  }
  EXPECT_GT(kept, cases() / 2) << "most deadlines of the test can be kept, and some cannot";
}

// What cannot be kept is at least approached: on-demand at once, as much progress as it can make.
TEST(Deadlines, ThatCannotBeKeptAreApproachedAtFullSpeed) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    World world = random_job(random);
    for (std::vector<std::uint8_t>& up : world.up) std::fill(up.begin(), up.end(), 0);
    world.problem.work_s = world.problem.deadline_s() + 1;
    const double most = std::max(0.0, world.problem.deadline_s() - world.problem.cold_start_s);
    for (const std::string_view name : policy::player_names()) {
      ASSERT_NEAR(play_against(world, name, Mood::fair).progress_s, most, 1e-6) << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace tradewind::backtest
