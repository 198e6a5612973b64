// One step in the making: the state as it changes, and what has been decided so far. Private to this room.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/lifecycle/job.h"
#include "core/lifecycle/lease.h"
#include "core/lifecycle/move.h"
#include "core/scheduler/decide.h"
#include "core/scheduler/seat.h"

namespace tradewind::scheduler {

class Step {
 public:
  Step(ClusterState& state, Working& working, const Survey& survey, Time now);

  const ClusterState& state() const { return state_; }
  Working& working() { return working_; }
  const Working& working() const { return working_; }
  const Tempo& tempo() const { return working_.tempo; }
  const Survey& survey() const { return survey_; }
  Time now() const { return now_; }

  // nullptr when there is none. Valid until the record is put again.
  const JobRecord* job(const JobId& id) const;
  const LeaseRecord* lease(const LeaseId& id) const;
  const MoveRecord* move(const MoveId& id) const;
  // In order of intent.
  std::vector<LeaseRecord> live_leases(const JobRecord& job) const;

  // A durable change: an event of this kind, with the whole record after it.
  void put(std::string kind, std::string detail, Record after);
  // A change that may be forgotten (progress): not stored, shown to readers until the loop restarts.
  void note(const Record& after) { apply(state_, {now_, {}, {}, after}); }

  // Follow one edge of the state machine and put the record. A change that the table does not know is
  // ignored: false.
  bool change(JobRecord job, lifecycle::JobChange change, std::string reason);
  bool change(LeaseRecord lease, lifecycle::LeaseChange change, std::string reason);
  bool change(MoveRecord move, lifecycle::MoveChange change, std::string reason);

  void act(Action action) { decisions_.actions.push_back(std::move(action)); }
  void answer(std::uint64_t ticket, Result<std::string> value);

  void mark_dirty(const JobId& job) { working_.dirty.insert(job); }
  // The lease's status was asked for, and its mailbox read, in this very step: only then is its silence
  // judged, lest a report that came since is missed.
  void note_read(const LeaseId& lease) { just_read_.insert(lease); }
  bool just_read(const LeaseId& lease) const { return just_read_.contains(lease); }
  // Look at this job again then, at the latest.
  void wake(const JobId& job, Time at);
  // This supplier's list is wanted by then, ahead of the usual pace.
  void want_list(const std::string& provider, Time at);
  void wake_step(Time at) { wake_at_ = std::min(wake_at_, at); }
  // The jobs whose time has come, and forgets those times.
  void collect_due();

  Decisions take();

 private:
  void index(const LeaseRecord& lease);
  void want_last_words(const LeaseRecord& after);
  ClusterState& state_;
  Working& working_;
  const Survey& survey_;
  Time now_;
  Time wake_at_;
  std::set<LeaseId> just_read_;
  Decisions decisions_;
};

// observe.cc: one observation into the state.
void observe(Step& step, const Observation& observation);
// listing.cc: adoption, disappearance, orphans.
void observe_listing(Step& step, const Listing& listing);
// commands.cc: users' wishes.
void observe_submit(Step& step, const SubmitCommand& command);
void observe_cancel(Step& step, const CancelCommand& command);
void observe_move(Step& step, const MoveCommand& command);
// judge.cc: what one lease's state, status and silence mean; reads mailboxes and repeats terminations when
// due.
void judge_lease(Step& step, const LeaseId& id);
// How a lease ended whose agent left with this status, and why.
LeaseEnd end_told_by(Step& step, const LeaseRecord& lease, const AgentStatus& status);
std::string reason_told_by(const AgentStatus& status);
// order.cc
bool give_order(Step& step, LeaseRecord lease, Order order, const std::string& detail);
void release(Step& step, LeaseRecord lease, LeaseEnd end, const std::string& reason);
// asking.cc: asks the job's policy when its time has come, and does what it answers.
void ask_policy(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live);
// seating.cc: the job's seat, made where there is none; nullptr: no offer fits, and `why` says why.
Seat* seat_of(Step& step, const JobRecord& job, const LeaseRecord* held, std::string& why);
// What the policy sees now. `held` may be nullptr.
policy::Sight sight_of(Step& step, const JobRecord& job, Seat& seat, const LeaseRecord* held);
// hearsay.cc: takes down what this change of a lease tells of spot; the same of all leases, after a restart.
void overhear(Step& step, const LeaseRecord& after);
void overhear_all(Step& step);
// What other jobs were told of spot at the seat's places in that span.
struct Hearsay {
  Time at;
  policy::Attempt what;
};
std::vector<Hearsay> heard(const Step& step, const JobId& listener, const Seat& seat, Time after, Time until);
// queues.cc: takes down how long this lease has waited, once its agent is heard; the same of all leases,
// after a restart.
void note_queue_wait(Step& step, const LeaseRecord& after);
void note_all_queue_waits(Step& step);
// Whether its supplier's last list had it pending.
bool is_listed_waiting(const Working& working, const LeaseRecord& lease);
// What stands in its supplier's queue, as that said when it was last asked: how long it still will. Nothing:
// it has started, or has no queue.
std::optional<policy::Queued> queued(const Step& step, const LeaseRecord& held);
// placing.cc
// Until when an offer is not to be tried; nothing when it may be.
std::optional<Time> blocked_until(Step& step, const Offer& offer);
// Whether too many leases ended by themselves without progress: the job is given up.
bool give_up_if_stillborn(Step& step, const JobRecord& job);
SurveyQuestion question_for(Step& step, const JobRecord& job);
LeaseRecord intend_lease(Step& step, const JobRecord& job, const Offer& offer, LeaseRole role,
                         const std::string& why);
void block_offer(Step& step, const Offer& offer, const Error& error);
void block_preempted_offer(Step& step, const LeaseRecord& lease);
// moving.cc
void begin_move(Step& step, const JobRecord& job, const LeaseRecord& source, const Offer& target,
                MoveRecord move, const std::string& why);
void decide_move(Step& step, const MoveId& id);
// jobs.cc
// A lease of the job is gone and what it last wrote was not read yet: nothing is decided on a guess.
bool awaits_last_words(Step& step, const JobRecord& job);
void decide_job(Step& step, const JobId& id);

}  // namespace tradewind::scheduler
