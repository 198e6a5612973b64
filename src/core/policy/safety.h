// Arithmetic that keeps deadlines: what is still needed, and whether on-demand can still save the deadline
// after a tick.
//
// The argument. Call a moment *safe* when on-demand, bought at that moment, ends the job in time. On-demand
// is never refused and never taken away, so from a safe moment there is an answer that keeps the deadline:
// rescue(). An answer is allowed when the next tick begins at a safe moment whatever the market does
// meanwhile (is_safe). A player whose answers are all allowed, or else rescue(), therefore goes from safe
// moment to safe moment and ends in time, if it began at one.
//
// What the market can do at worst in a tick: a spot launch that was not shown to succeed fails, and what was
// held goes on; spot that is held at the end of the tick is lost before the next, and progress falls back to
// the checkpoint. What on-demand needs from then on is `cold_start_s` and the work that is not done: the
// checkpoint lies in the region of some zone, so a launch there moves nothing. (On-demand that is held
// already needs what is left of its own set-up, if that is less.) Nothing else is needed: no launch may take
// longer, no time is charged for a release.
//
// The margin is therefore none but the rounding of sums of doubles. The rules call a job finished at work_s -
// 1e-6 s. Over 10 million ticks of up to 1e10 s in all, progress as a sum of doubles stays within 1e-16 ·
// 1e10 a step of the truth; for a job of a year it is far below 1e-7 s. Half of the rules' own tolerance is
// used (slack_s).
//
// Where on-demand itself can be refused (real clouds), the caller takes the time that it may take to get
// on-demand into `reserve_s`.
#pragma once

#include <memory>
#include <utility>

#include "core/policy/player.h"

namespace tradewind::policy {

inline constexpr double slack_s = 5e-7;
inline constexpr double finished_within_s = 1e-6;  // of work_s, by the rules

// Seconds from the beginning of the sight's tick to the deadline.
double time_left_s(const Problem& problem, const Sight& sight);
// Seconds of set-up for a launch in `zone` now.
double setup_s(const Problem& problem, const Sight& sight, int zone);
// Egress of a launch in `zone` now, USD.
double move_usd(const Problem& problem, const Sight& sight, int zone);

// Progress that is checkpointed once it has come to `progress_s`, `saved_s` being the checkpoint before.
double saved_at(const Problem& problem, double progress_s, double saved_s);

// The least time in which on-demand alone ends the job from here, seconds.
double on_demand_needs_s(const Problem& problem, const Sight& sight);
// Whether on-demand, bought now, ends the job in time: with `reserve_s` to spare.
bool can_be_saved(const Problem& problem, const Sight& sight, double reserve_s = 0);

// Whether the deadline can still be kept by on-demand after this tick, whatever happens in it.
// REQUIRES: the answer can be given (is_usable).
bool is_safe(const Problem& problem, const Sight& sight, const Answer& answer, double reserve_s = 0);
// Whether the answer can be given: a zone that exists, no spot where it was shown not to be had, and nothing
// that is barred.
bool is_usable(const Problem& problem, const Sight& sight, const Answer& answer);

// The zone whose on-demand costs least among those where no checkpoint has to be moved to; where on-demand is
// barred in all of them, among the others. -1: it is barred everywhere.
int home_zone(const Problem& problem, const Sight& sight);
// Runs on-demand: goes on with what is held, or launches in home_zone(), whichever ends first. Where
// on-demand would be late and held spot may yet be in time, holds that; where on-demand is barred everywhere,
// whatever can be had.
Answer rescue(const Problem& problem, const Sight& sight);

// What the answer commits to, USD: the whole tick of what is then held; of a launch, the tick after its
// set-up and egress too, since less would be paid for nothing.
double committed_usd(const Problem& problem, const Sight& sight, const Answer& answer);
// Whether the budget allows for that.
bool is_affordable(const Problem& problem, const Sight& sight, const Answer& answer);

// Keeps a player within is_usable and is_safe: an answer outside becomes rescue(). Within the budget first:
// an answer that could go beyond it becomes stop().
class Guarded final : public Player {
 public:
  Guarded(std::unique_ptr<Player> player, const Problem& problem)
      : player_(std::move(player)), problem_(problem) {}
  Answer decide(const Sight& sight) override;
  void recall(const Sight& sight) override { player_->recall(sight); }
  std::string why() const override;
  std::optional<double> hazard_per_h(int zone) const override { return player_->hazard_per_h(zone); }

 private:
  std::unique_ptr<Player> player_;
  const Problem& problem_;
  enum class Overruled { no, by_deadline, by_budget } overruled_ = Overruled::no;  // at the last answer
  double spent_usd_ = 0;                                                           // by then
};

}  // namespace tradewind::policy
