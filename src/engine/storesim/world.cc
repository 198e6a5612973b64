#include "engine/storesim/world.h"

#include <algorithm>
#include <utility>

#include "engine/storesim/oracle.h"

namespace tradewind::storesim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time start = Time(hours(500'000));
constexpr std::size_t steps_max = 60'000;  // of a run; the longest have some thousands

Duration up_to(Random& random, Duration longest) {
  return Duration(static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

}  // namespace

World::World(std::uint64_t the_seed, Mutant the_mutant, bool keep_trace, Stage& stage,
             const States& the_states)
    : seed(the_seed),
      mutant(the_mutant),
      states(the_states),
      clock(start),
      chance(the_seed * 4 + 1),
      stage_(stage),
      keep_trace_(keep_trace),
      order_(the_seed * 4 + 2) {
  const double sticky[] = {0, 0.5, 0.9};
  stickiness_ = sticky[order_.below(3)];
  stalls_ = order_.chance(0.7) ? 0.03 : 0;
  jumps_ = order_.chance(0.7) ? 0.05 : 0;
}

World::~World() = default;

void World::say(const Actor& actor, const std::string& text) {
  if (!keep_trace_) return;
  trace.push_back(std::to_string(step_) + "  +" + format_duration(clock.now() - start) + "  " + actor.name +
                  ": " + text);
}

void World::violate(const std::string& what) {
  if (violation) return;
  violation = what;
  trace.push_back(std::to_string(step_) + "  BROKEN: " + what);
}

void World::begin(Actor& actor, std::optional<Duration> allowed) {
  actor.op_step = step_;
  actor.op_now = clock.now();
  actor.deadline = allowed ? std::optional(clock.now() + *allowed) : std::nullopt;
}

void World::begin_transfer(Actor& actor) {
  constexpr Duration quick = minutes(45);
  constexpr Duration of_a_call = minutes(5);
  begin(actor, transfers_are_slow ? of_a_call : quick);
  if (transfers_are_slow) actor.step_allowed = of_a_call;
}

void World::end(Actor& actor) {
  actor.deadline.reset();
  actor.step_allowed.reset();
  actor.puts_anew = false;
}

void World::step(Actor& actor) {
  if (is_over()) throw Ended{};
  stage_.pause();
  if (is_over()) throw Ended{};
  if (++step_ > steps_max) violate("the run does not end");
  if (order_.chance(stalls_)) actor.stalls_until = step_ + 1 + order_.below(150);
  pass_time(actor);
  let_late_things_happen();
  if (actor.step_allowed) actor.deadline = clock.now() + *actor.step_allowed;
}

void World::rest(Actor& actor, Duration span) {
  actor.rests_until = clock.now() + span;
  step(actor);
  actor.rests_until.reset();
}

Time World::clock_limit() const {
  Time limit = Time::max();
  for (const auto& actor : actors) {
    if (actor->deadline) limit = std::min(limit, *actor->deadline);
  }
  for (const Late& late : late_) limit = std::min(limit, late.by);
  return limit;
}

void World::pass_time(const Actor& actor) {
  Duration span = up_to(order_, seconds(2));
  if (order_.chance(0.1)) span = up_to(order_, minutes(5));
  if (actor.step_allowed && order_.chance(0.9)) span = minutes(3) + up_to(order_, minutes(2));
  if (order_.chance(jumps_)) span = up_to(order_, hours(2));
  clock.advance(std::clamp(clock_limit() - clock.now(), Duration(0), span));
}

void World::later(std::function<void()> happening) {
  late_.push_back({clock.now() + up_to(order_, minutes(2)), std::move(happening)});
}

void World::let_late_things_happen() {
  for (std::size_t i = 0; i < late_.size();) {
    if (late_[i].by > clock.now() && !order_.chance(0.05)) {
      ++i;
      continue;
    }
    const Late late = std::move(late_[i]);
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
    late.happen();
  }
}

std::size_t World::choose(const std::vector<std::size_t>& able) {
  const auto rests = [&](std::size_t i) {
    return actors[i]->rests_until && *actors[i]->rests_until > clock.now();
  };
  std::vector<std::size_t> awake;
  std::vector<std::size_t> stalled;
  for (const std::size_t i : able) {
    if (!rests(i)) (actors[i]->stalls_until > step_ ? stalled : awake).push_back(i);
  }
  if (awake.empty()) awake = std::move(stalled);
  if (awake.empty()) {
    // All rest: what is under way arrives before hours go by.
    while (!late_.empty()) {
      const Late late = std::move(late_.back());
      late_.pop_back();
      late.happen();
    }
    const std::size_t first = *std::ranges::min_element(
        able, {}, [&](std::size_t i) { return std::pair(*actors[i]->rests_until, i); });
    clock.advance(std::max(*actors[first]->rests_until - clock.now(), Duration(0)));
    awake = {first};
  }
  const bool same = std::ranges::find(awake, last_) != awake.end() && order_.chance(stickiness_);
  if (!same) last_ = awake[order_.below(awake.size())];
  return last_;
}

}  // namespace tradewind::storesim
