// Endings, orders and failures of AgentLogic.
#include <algorithm>

#include "app/agent/agent_logic.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration term_signal_lead = seconds(10);  // what a machine that shuts down usually grants
// How long the last state is offered to a store that does not answer, where no deadline presses.
constexpr Duration last_state_patience = std::chrono::hours(1);
constexpr Duration spec_patience = std::chrono::minutes(10);
constexpr int restore_tries_max = 6;

bool may_pass(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::rate_limited;
}

}  // namespace

void AgentLogic::on(const OrderSeen& event) {
  const Order& order = event.order;
  if (order.number <= status_.orders_done || order.number == save_order_) return;
  last_order_at_ = now_.steady;
  switch (order.kind) {
    case OrderKind::start:
      if (state_ == State::standby) {
        state_ = State::claiming;
        actions_.emplace_back(StopTasks{});
        run_task(Claim{});
      }
      options_.standby = false;  // also when the order came before the spec was read
      order_done(order.number);
      return;
    case OrderKind::save:
      save_ordered(order);
      return;
    case OrderKind::stop:
      stop_ordered(order);
      return;
    case OrderKind::extend:
      if (order.until) set_hard_limit(*order.until);
      order_done(order.number);
      return;
  }
}

void AgentLogic::order_done(std::uint64_t number) {
  status_.orders_done = std::max(status_.orders_done, number);
}

void AgentLogic::save_ordered(const Order& order) {
  if (state_ != State::running || spec_.checkpoint.path.empty()) {
    note(spec_.checkpoint.path.empty() && state_ == State::running
             ? "cannot save: the task names no checkpoint.path"
             : "nothing to save: the program is not running");
    order_done(order.number);
    return;
  }
  save_order_ = order.number;
  saves_.hurry();
  saves_.ask(now_.steady, now_.steady + options_.save_patience);
}

void AgentLogic::settle_orders() {
  if (save_order_ == 0 || !saves_.settled()) return;
  if (!saves_.problem().empty()) note("the ordered save was not made: " + saves_.problem());
  order_done(std::exchange(save_order_, 0));
}

void AgentLogic::stop_ordered(const Order& order) {
  if (ending_ && ending_->order == order.number) return;
  const std::string why = order.reason.empty() ? "stopped by order" : order.reason;
  if (state_ == State::wrapping || state_ == State::outputs || state_ == State::finishing) {
    if (!ending_ || !order.discard) {  // the program has ended already: what is left is to say so
      order_done(order.number);
      return;
    }
    leave(AgentPhase::stopped, why);  // stop offering the last state to a store that does not take it
    order_done(order.number);
    return;
  }
  if (ending_ && !order.discard) {
    ending_->order = order.number;
    return;
  }
  Ending ending;
  ending.discard = order.discard;
  ending.order = order.number;
  ending.reason = why;
  begin_ending(ending);
}

void AgentLogic::on(const NoticeSeen& event) {
  if (status_.notice == event.notice) return;
  status_.notice = event.notice;
  Ending ending;
  ending.deadline = now_.steady + std::max(event.notice.deadline - now_.wall, Duration::zero());
  ending.reason = "preempted: " + event.notice.reason;
  if (!ending_) {
    begin_ending(ending);
    return;
  }
  if (!ending_->deadline || *ending.deadline < *ending_->deadline) ending_->deadline = ending.deadline;
  advance_ending();
}

// The interruption may never come: the program goes on.
void AgentLogic::on(const SaveAdvised& event) {
  note(event.reason);
  if (state_ != State::running || ending_ || spec_.checkpoint.path.empty()) return;
  saves_.ask(now_.steady, now_.steady + options_.save_patience);
}

void AgentLogic::on(const StopRequested& event) {
  Ending ending;
  ending.deadline = now_.steady + term_signal_lead;
  ending.reason = "the agent was asked to end by signal " + std::to_string(event.signal);
  if (!ending_) begin_ending(ending);
}

// The program has not ended by itself: an ending still means something.
bool AgentLogic::may_be_ended() const {
  return state_ != State::wrapping && state_ != State::outputs && state_ != State::finishing &&
         state_ != State::left;
}

void AgentLogic::begin_ending(Ending ending) {
  if (!may_be_ended()) {  // its state is on its way: as long as there is time
    if (ending.deadline) hard_limit_ = std::min(hard_limit_.value_or(*ending.deadline), *ending.deadline);
    return;
  }
  if (state_ != State::running) {
    end_before_program(ending);
    return;
  }
  ending_ = std::move(ending);
  note(ending_->reason);
  if (ending_->discard) {
    saves_.give_up();
    terminate_program();
    return;
  }
  ask_last_save();
}

void AgentLogic::end_before_program(const Ending& ending) {
  ending_ = ending;
  // A restart in place has a program behind it: its time of ending is set already.
  if (!status_.program_stopped_at && status_.program_started_at) status_.program_stopped_at = now_.wall;
  leave(AgentPhase::stopped, ending.reason);
}

bool AgentLogic::time_left_for(Duration span) const {
  return !ending_->deadline || now_.steady + span < *ending_->deadline;
}

// Before it is told to end, the program is asked for a state that is surely whole, and runs on while that
// travels: SIGTERM may then yield a newer one, or nothing.
void AgentLogic::ask_last_save() {
  ending_->step = Ending::Step::saving;
  ending_->step_until = now_.steady + options_.save_patience;
  if (ending_->deadline) {
    const Duration left = *ending_->deadline - now_.steady;
    ending_->step_until = now_.steady + std::max(left - saves_.upload_estimate(), left / 2);
  }
  saves_.hurry();
  if (spec_.checkpoint.path.empty() || spec_.checkpoint.signal.empty()) {
    terminate_program();
    return;
  }
  saves_.ask(now_.steady, ending_->step_until);
}

void AgentLogic::terminate_program() {
  ending_->step = Ending::Step::terminating;
  ending_->step_until = now_.steady + options_.grace;
  if (ending_->deadline) {
    const Duration left = std::max(*ending_->deadline - now_.steady, Duration::zero());
    const Duration reserve =
        ending_->discard ? Duration::zero() : std::min(saves_.upload_estimate(), left / 2);
    ending_->step_until = std::min(ending_->step_until, now_.steady + left - reserve);
  }
  terminated_at_ = now_.wall;
  actions_.emplace_back(Terminate{});
}

void AgentLogic::kill_program() {
  ending_->step = Ending::Step::killing;
  ending_->step_until = now_.steady + seconds(1);
  if (!terminated_at_) terminated_at_ = now_.wall;
  actions_.emplace_back(Kill{});
}

void AgentLogic::advance_ending() {
  if (state_ != State::running || !ending_) return;
  const bool in_time = now_.steady < ending_->step_until;
  switch (ending_->step) {
    case Ending::Step::saving:
      if (in_time && !saves_.settled()) return;
      // Where the notice leaves no time to end in order, the state that was captured has to do.
      if (time_left_for(saves_.upload_estimate() + milliseconds(200))) {
        terminate_program();
      } else {
        kill_program();
      }
      return;
    case Ending::Step::terminating:
      if (!in_time) kill_program();
      return;
    case Ending::Step::killing:
      if (in_time) return;
      kill_program();  // what it forked meanwhile
      return;
    case Ending::Step::capturing:
      return;
  }
}

// How long the last state is offered to the store.
Duration AgentLogic::gives_up_at() const {
  return ending_->deadline ? *ending_->deadline + options_.grace : ending_->step_until + last_state_patience;
}

void AgentLogic::give_up_if_too_late() {
  const bool past_limit = hard_limit_ && now_.steady >= *hard_limit_;
  const bool past_ending = ending_ && now_.steady >= gives_up_at();
  if (!past_limit && !past_ending) return;
  std::string message = ending_ ? ending_->reason : "the lease reached its hard limit";
  if (state_ == State::wrapping && !saves_.problem().empty()) {
    message += "; its last state was not saved: " + saves_.problem();
  }
  leave(AgentPhase::stopped, message);
}

void AgentLogic::set_hard_limit(Time limit) {
  options_.hard_limit = limit;
  hard_limit_ = now_.steady + (limit - now_.wall);
}

std::optional<Duration> AgentLogic::hard_limit_begins() const {
  if (!hard_limit_) return std::nullopt;
  // Time to save, to end in order and to save again.
  return *hard_limit_ - (options_.grace + 3 * saves_.upload_estimate() + seconds(5));
}

void AgentLogic::become_fenced(const std::string& why) {
  ending_.reset();
  leave(AgentPhase::fenced, why);
}

void AgentLogic::retry(const Task& task, const Error& error) {
  trouble(describe(error));
  retry_task_ = task;
  retry_at_ = now_.steady + backoff(++failures_);
}

void AgentLogic::trouble(const std::string& message) {
  trouble_ = message;
  note(message);
}

void AgentLogic::trouble_passed() {
  if (status_.message == trouble_) note("");
  trouble_.clear();
}

void AgentLogic::capture_failed(const Error& error) {
  saves_.failed(error, now_.steady);
  if (error.code != Code::conflict) trouble("a checkpoint was not made: " + describe(error));
  if (state_ == State::wrapping && saves_.quiet()) {
    wrapped_up();
  } else if (ending_) {
    advance_ending();
  }
}

// What may pass by itself; a spec that may still be on its way; a restore that may find another copy.
bool AgentLogic::is_tried_again(const Task& task, const Error& error) const {
  if (std::holds_alternative<ReadSpec>(task) && error.code == Code::not_found) {
    return now_.steady < last_order_at_ + spec_patience || may_pass(error);
  }
  if (std::holds_alternative<Restore>(task) && error.code == Code::internal) {
    return failures_ < restore_tries_max || may_pass(error);
  }
  return may_pass(error);
}

void AgentLogic::on(const TaskFailed& event) {
  const Task& task = event.task;
  const Error& error = event.error;
  if (error.code == Code::fenced) {
    become_fenced(error.message);
    return;
  }
  if (std::holds_alternative<CheckFence>(task)) {
    fence_check_running_ = false;
  } else if (std::holds_alternative<Prune>(task)) {
    prune_running_ = false;
    note("old checkpoints were not removed: " + describe(error));
  } else if (std::holds_alternative<Capture>(task)) {
    capture_failed(error);
  } else if (std::holds_alternative<Prefetch>(task)) {
    prefetched_ = true;
    if (state_ == State::standby) retry(task, error);
  } else if (std::holds_alternative<KeepOutputs>(task) && !may_pass(error)) {
    if (state_ == State::outputs) on(OutputsKept{"outputs were not kept: " + describe(error)});
  } else if (is_tried_again(task, error)) {
    retry(task, error);
  } else if (std::holds_alternative<BringData>(task)) {
    if (state_ == State::bringing) fail_job("the job's data could not be brought: " + describe(error));
  } else {
    leave(AgentPhase::broken, describe(error));
  }
}

}  // namespace tradewind::agent
