// When a job's policy is asked, and what is done about its answer: once a tick, and at once after a loss or a
// refusal; never while something is under way that the last answer began.
#include <algorithm>

#include "core/model/decision.h"
#include "core/policy/safety.h"
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

using policy::Answer;
using Action = policy::Answer::Action;

bool is_launch_under_way(const std::vector<LeaseRecord>& live) {
  return std::ranges::any_of(live,
                             [](const LeaseRecord& lease) { return lease.state == LeaseState::intended; });
}

// nullptr: nothing is.
const LeaseRecord* held_among(const std::vector<LeaseRecord>& live) {
  const auto found = std::ranges::find_if(live, [](const LeaseRecord& lease) {
    return lease.end == LeaseEnd::none && lease.role == LeaseRole::primary && lease.launched_at;
  });
  return found == live.end() ? nullptr : &*found;
}

// The source is gone and the target has claimed the job: only its program is awaited.
bool is_resuming_at(Step& step, const MoveId& id, const LeaseRecord* held) {
  const MoveRecord* move = step.move(id);
  return move != nullptr && held != nullptr && move->state == MoveState::resuming && move->to == held->id;
}

// A move whose target is left again before its program began.
void give_up_move(Step& step, const JobId& id) {
  const JobRecord& job = *step.job(id);
  const MoveRecord* move = job.move ? step.move(*job.move) : nullptr;
  if (move != nullptr) {
    step.change(*move, lifecycle::MoveChange::failed, "its policy went on before the program began");
  }
}

// The first tick after now.
Time next_tick(Step& step, const JobRecord& job, Duration tick) {
  const Duration passed = std::max(step.now() - job.submitted_at, Duration(0));
  return job.submitted_at + (passed / tick + 1) * tick;
}

// When it is to be asked, given what has happened since.
Time ask_at(Step& step, const JobRecord& job, const LeaseRecord* held) {
  const auto [found, is_new] = step.working().asking.try_emplace(job.id);
  Asking& asking = found->second;
  // After a restart nothing has happened to it that could not wait for the tick.
  if (is_new && (held != nullptr || (is_pressed(job) && step.now() > job.submitted_at))) {
    asking.last = step.now();
    asking.next = next_tick(step, job, tick_of(job, step.tempo()));
  }
  if (asking.holding && held == nullptr) {  // lost or refused
    asking.next = std::min(asking.next, std::max(step.now(), asking.last + step.tempo().ask_again));
  }
  asking.holding = held != nullptr && !held->stop_ordered_at;
  return asking.next;
}

// An order to stop that its policy gave; not of a cancellation or a move, which are seen to elsewhere.
void await_stop(Step& step, const LeaseRecord& held) {
  const Time patience = *held.stop_ordered_at + step.tempo().stop_patience;
  if (step.now() < patience) return step.wake(held.job, patience);
  release(step, held, LeaseEnd::paused, "it did not stop in time");
}

void pause(Step& step, const LeaseRecord& held, const std::string& reason, const std::string& why) {
  if (held.state == LeaseState::launched && !held.status) {
    return release(step, held, LeaseEnd::paused, "given back before it began: " + why);
  }
  Order stop;
  stop.kind = OrderKind::stop;
  stop.reason = reason;
  give_order(step, held, std::move(stop), "save and stop: " + why);
}

const Offer* open_offer(Step& step, const Seat& seat, const policy::Holding& what) {
  for (const FeasibleOffer& feasible : seat.zones[static_cast<std::size_t>(what.zone)].sold(what.purchase)) {
    if (!blocked_until(step, feasible.offer)) return &feasible.offer;
  }
  return nullptr;
}

std::string reason_of(const Seat& seat) {
  std::string why = seat.player->why();
  if (why.empty()) why = "the rule of its policy";
  return seat.note.empty() ? why : why + "; " + seat.note;
}

// Kept in the job's events: what changes something, and each change of mind.
void record(Step& step, const JobRecord& job, Seat& seat, const Answer& answer, const LeaseRecord* held,
            const std::string& why) {
  const bool idle = answer.action != Action::launch && held == nullptr;
  const bool waited = seat.last && seat.last->action != Action::launch;
  seat.last = answer;
  if (answer.action == Action::hold && held != nullptr) return;
  if (idle && waited) return;
  Decision decision;
  decision.action = idle                            ? "wait"
                    : answer.action == Action::stop ? "stop"
                    : held != nullptr               ? "move"
                                                    : "launch";
  decision.why = why;
  if (answer.action == Action::launch) {
    decision.zone = seat.problem.zones[static_cast<std::size_t>(answer.launch.zone)].name;
    decision.purchase = answer.launch.purchase == policy::Purchase::spot ? "spot" : "on_demand";
  }
  JobRecord told = job;
  if (idle) told.reason = why;
  step.put(std::string(decided_kind), detail_of(decision), std::move(told));
}

void move_by_policy(Step& step, const JobRecord& job, const LeaseRecord& source, const Offer& target,
                    const std::string& why) {
  MoveRecord move;
  move.id = MoveId(random_name(step.working().random, "m-", 20));
  move.by_policy = true;
  begin_move(step, job, source, target, std::move(move), why);
}

void act(Step& step, const JobId& id, Seat& seat, const Answer& answer, const LeaseRecord* held) {
  const std::string why = reason_of(seat);
  const Offer* offer = answer.action == Action::launch ? open_offer(step, seat, answer.launch) : nullptr;
  if (answer.action == Action::launch && offer == nullptr) return;
  record(step, *step.job(id), seat, answer, held, why);
  if (answer.action != Action::hold) give_up_move(step, id);
  seat.held = held != nullptr ? held->id : LeaseId();
  seat.attempted = LeaseId();
  if (offer != nullptr) {
    const JobRecord job = *step.job(id);
    if (held != nullptr) {
      move_by_policy(step, job, *held, *offer, why);
    } else {
      intend_lease(step, job, *offer, LeaseRole::primary, why);
    }
    seat.attempted = step.job(id)->leases.back();
    step.working().asking[id].holding = true;
  } else if (answer.action == Action::stop && held != nullptr) {
    const std::string reason = seat.player->why();
    pause(step, *held, reason.empty() ? "to wait for a better place" : reason, why);
    step.working().asking[id].holding = false;
  }
}

// Where all that fits was refused a moment ago, the first to be open again is waited for, not the tick.
std::optional<Time> first_open(Step& step, const Seat& seat) {
  std::optional<Time> first;
  for (const SeatZone& zone : seat.zones) {
    for (const auto* sold : {&zone.spot, &zone.on_demand}) {
      for (const FeasibleOffer& feasible : *sold) {
        const std::optional<Time> until = blocked_until(step, feasible.offer);
        if (until && (!first || *until < *first)) first = until;
      }
    }
  }
  return first;
}

// Whether the rest of the budget pays for none of the places, not even for those that are barred for now.
bool is_budget_spent(const Seat& seat, const policy::Sight& sight) {
  for (std::size_t i = 0; i < seat.zones.size(); ++i) {
    for (const auto purchase : {policy::Purchase::spot, policy::Purchase::on_demand}) {
      if (seat.zones[i].sold(purchase).empty()) continue;
      if (policy::is_affordable(seat.problem, sight, policy::launch(static_cast<int>(i), purchase)))
        return false;
    }
  }
  return true;
}

void give_up_for_money(Step& step, const JobRecord& job, const policy::Sight& sight) {
  const Money budget = *job.spec.budget;
  const std::string spent = Money::estimate(sight.cost_usd, budget.currency()).text();
  std::string why =
      spent + " of the budget of " + budget.text() + " are spent, and the rest pays for no place that fits";
  if (job.saved) why += "; its newest checkpoint is kept";
  step.change(job, lifecycle::JobChange::gave_up, why);
}

// What weighs queues has nothing to say of what has left its queue.
bool is_settled(Step& step, const JobRecord& job, const LeaseRecord* held) {
  if (held == nullptr || job.spec.budget || queued(step, *held)) return false;
  const auto seat = step.working().seats.find(job.id);
  return seat != step.working().seats.end() && seat->second != nullptr && seat->second->queues &&
         seat->second->zone_of(held->offer.location) >= 0;
}

void ask(Step& step, const JobRecord& job, const LeaseRecord* held) {
  Asking& asking = step.working().asking[job.id];
  if (is_settled(step, job, held)) {
    asking.last = step.now();
    asking.next = next_tick(step, job, tick_of(job, step.tempo()));
    return step.wake(job.id, asking.next);
  }
  std::string why;
  Seat* seat = seat_of(step, job, held, why);
  if (seat == nullptr && held == nullptr) {
    step.change(job, lifecycle::JobChange::gave_up, why);
    return;
  }
  asking.last = step.now();
  asking.next = next_tick(step, job, seat != nullptr ? seat->tick : tick_of(job, step.tempo()));
  if (seat == nullptr) return step.wake(job.id, asking.next);
  if (seat->patient && held != nullptr && !job.spec.budget) {
    asking.next = Time::max();
    return step.working().forget_seat(job.id);
  }
  const policy::Sight sight = sight_of(step, job, *seat, held);
  if (held == nullptr && is_budget_spent(*seat, sight)) return give_up_for_money(step, job, sight);
  const Answer answer = seat->player->decide(sight);
  const bool urgent = seat->patient || !policy::is_safe(seat->problem, sight, policy::hold());
  if (answer.action != Action::launch && held == nullptr && urgent) {
    if (const std::optional<Time> open = first_open(step, *seat)) asking.next = std::min(asking.next, *open);
  }
  step.wake(job.id, asking.next);
  act(step, job.id, *seat, answer, held);
}

}  // namespace

void ask_policy(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live) {
  const LeaseRecord* held = held_among(live);
  if (is_launch_under_way(live) || (job.move && !is_resuming_at(step, *job.move, held))) return;
  if (held == nullptr && give_up_if_stillborn(step, job)) return;
  const Time due = ask_at(step, job, held);
  if (held != nullptr && held->stop_ordered_at) return await_stop(step, *held);
  if (held != nullptr && !is_watched(job))
    return step.working().forget_seat(job.id);  // not asked until it is lost
  if (held != nullptr && held->pinned) return;
  if (due > step.now()) {
    if (due < Time::max()) step.wake(job.id, due);
    return;
  }
  ask(step, JobRecord(job), held);
}

}  // namespace tradewind::scheduler
