#include "app/agent/agent_logic.h"

#include <algorithm>
#include <cmath>

namespace tradewind::agent {
namespace {

constexpr int exit_code_of_bad_task = 2;
constexpr double rate_memory_s = 10;
constexpr Duration rate_span_min = std::chrono::milliseconds(200);
constexpr Duration prefetch_again_after = std::chrono::seconds(1);

std::string end_of_stage(const std::string& stage, const StageEnded& event) {
  const std::string what = event.rank < 0 ? stage : "rank " + std::to_string(event.rank) + " of " + stage;
  const int exit_code = event.exit_code;
  if (exit_code == 137) return what + " was killed by signal 9, perhaps for want of memory";
  if (exit_code > 128 && exit_code < 193) {
    return what + " was ended by signal " + std::to_string(exit_code - 128);
  }
  return what + " ended with exit code " + std::to_string(exit_code);
}

}  // namespace

AgentLogic::AgentLogic(LogicOptions options) : options_(std::move(options)) {
  status_.lease = options_.lease;
  status_.job = options_.job;
}

int AgentLogic::exit_status() const {
  if (status_.phase == AgentPhase::fenced) return 3;
  return status_.phase == AgentPhase::broken ? 1 : 0;
}

std::vector<Action> AgentLogic::begin(Moment now) {
  now_ = now;
  last_order_at_ = now.steady;
  if (options_.hard_limit) set_hard_limit(*options_.hard_limit);
  run_task(ReadSpec{});
  return finish_event();
}

std::vector<Action> AgentLogic::handle(const Event& event, Moment now) {
  now_ = now;
  if (state_ != State::left) {
    std::visit([this](const auto& inner) { on(inner); }, event);
  }
  return finish_event();
}

std::vector<Action> AgentLogic::finish_event() {
  if (state_ != State::left) {
    for (Action& action : saves_.take(now_.steady)) actions_.push_back(std::move(action));
    settle_orders();
    refresh_phase();
  }
  return std::exchange(actions_, {});
}

void AgentLogic::refresh_phase() {
  switch (state_) {
    case State::reading_spec:
      status_.phase = AgentPhase::booting;
      break;
    case State::standby:
      // The source of a move is stopped once its target stands by: not before most of the state is here.
      status_.phase = prefetched_ ? AgentPhase::standby : AgentPhase::booting;
      break;
    case State::claiming:
    case State::bringing:
    case State::restoring:
      status_.phase = AgentPhase::restoring;
      break;
    case State::setup:
      status_.phase = AgentPhase::setup;
      break;
    case State::running:
      status_.phase = saves_.capturing() ? AgentPhase::saving : AgentPhase::running;
      break;
    case State::wrapping:
    case State::outputs:
    case State::finishing:
      status_.phase = AgentPhase::saving;
      break;
    case State::left:
      return;
  }
  if (ending_) status_.phase = AgentPhase::stopping;
}

std::optional<Duration> AgentLogic::wake_at() const {
  if (state_ == State::left) return std::nullopt;
  std::optional<Duration> wake = saves_.wake_at();
  const auto sooner = [&wake](std::optional<Duration> at) {
    if (at && (!wake || *at < *wake)) wake = at;
  };
  if (retry_task_) sooner(retry_at_);
  if (status_.epoch > 0 && !fence_check_running_) sooner(next_fence_check_);
  if (state_ == State::standby) sooner(last_order_at_ + options_.idle_limit);
  sooner(hard_limit_);
  if (ending_) {
    sooner(ending_->step == Ending::Step::capturing ? gives_up_at() : ending_->step_until);
  } else if (may_be_ended()) {
    sooner(hard_limit_begins());
  }
  return wake;
}

void AgentLogic::run_task(const Task& task) {
  retry_task_.reset();
  actions_.emplace_back(RunTask{task});
}

void AgentLogic::on(const Tick&) {
  if (retry_task_ && now_.steady >= retry_at_) run_task(Task(*retry_task_));
  if (status_.epoch > 0 && now_.steady >= next_fence_check_ && !fence_check_running_) {
    fence_check_running_ = true;
    next_fence_check_ = now_.steady + options_.lease_term / 3;
    actions_.emplace_back(RunTask{CheckFence{}});
  }
  if (state_ == State::standby && now_.steady >= last_order_at_ + options_.idle_limit) {
    leave(AgentPhase::stopped,
          "no order came within " + format_duration(options_.idle_limit) + " of standing by");
    return;
  }
  saves_.tick(now_.steady);
  const std::optional<Duration> limit_begins = hard_limit_begins();
  if (!ending_ && may_be_ended() && limit_begins && now_.steady >= *limit_begins) {
    Ending ending;
    ending.deadline = hard_limit_;
    ending.reason = "the lease reached its hard limit";
    begin_ending(ending);
  }
  if (ending_ && state_ != State::left) advance_ending();
  if (state_ != State::left) give_up_if_too_late();
}

void AgentLogic::on(const SpecRead& event) {
  if (state_ != State::reading_spec) return;
  failures_ = 0;
  trouble_passed();
  spec_ = event.spec;
  spec_problem_ = event.problem;
  if (!spec_.checkpoint.path.empty()) {
    saves_ = SaveControl({spec_.checkpoint, options_.hazard_per_hour, options_.notice_lead});
  }
  status_.total_steps = spec_.work.total;
  state_ = options_.standby ? State::standby : State::claiming;
  run_task(options_.standby ? Task(Prefetch{}) : Task(Claim{}));
}

void AgentLogic::on(const Prefetched& event) {
  const std::uint64_t moved = event.bytes_moved + event.data_bytes_moved;
  status_.bytes_moved += moved;
  prefetched_bytes_ += event.bytes_moved;
  prefetched_data_bytes_ += event.data_bytes_moved;
  failures_ = 0;
  trouble_passed();
  prefetched_ = true;
  if (state_ != State::standby) return;
  // A long transfer is work: the idle time counts from its end.
  if (moved > 0) last_order_at_ = now_.steady;
  retry_task_ = Prefetch{};
  retry_at_ = now_.steady + prefetch_again_after;
}

void AgentLogic::on(const Claimed& event) {
  if (state_ != State::claiming) return;
  failures_ = 0;
  trouble_passed();
  status_.epoch = event.epoch;
  next_fence_check_ = now_.steady + options_.lease_term / 3;
  saved_step_ = event.saved_step;
  status_.saved_step = event.saved_step.value_or(0);
  if (!spec_problem_.empty()) {
    fail_job(spec_problem_);
    return;
  }
  bring_or_restore();
}

// What is the task's own fault, on any machine like this one.
void AgentLogic::fail_job(const std::string& problem) {
  note(problem);
  status_.exit_code = exit_code_of_bad_task;
  state_ = State::finishing;
  run_task(Finish{Outcome::failed, exit_code_of_bad_task, problem});
}

void AgentLogic::bring_or_restore() {
  if (spec_.file_mounts.empty() && spec_.inputs.empty()) {
    restore_or_start();
    return;
  }
  state_ = State::bringing;
  run_task(BringData{});
}

void AgentLogic::on(const DataBrought& event) {
  if (state_ != State::bringing) return;
  failures_ = 0;
  trouble_passed();
  status_.bytes_moved += event.bytes_moved;
  status_.bytes_reused += event.bytes_reused - std::min(event.bytes_reused, prefetched_data_bytes_);
  restore_or_start();
}

void AgentLogic::restore_or_start() {
  if (saved_step_ && !spec_.checkpoint.path.empty()) {
    state_ = State::restoring;
    run_task(Restore{});
    return;
  }
  start_setup();
}

void AgentLogic::on(const Restored& event) {
  if (state_ != State::restoring) return;
  failures_ = 0;
  trouble_passed();
  status_.restored_digest = event.root_digest;
  status_.step = event.step;
  status_.bytes_moved += event.bytes_moved;
  // What this lease itself prefetched was moved, not reused.
  status_.bytes_reused += event.bytes_reused - std::min(event.bytes_reused, prefetched_bytes_);
  prefetched_bytes_ = 0;
  saves_.reported(event.step);
  if (!event.note.empty()) note(event.note);
  if (exit_) {  // a restart in place: setup has been done
    start_program();
    return;
  }
  status_.resumed_step = event.step;
  start_setup();
}

void AgentLogic::start_setup() {
  if (spec_.setup.empty()) {
    start_program();
    return;
  }
  state_ = State::setup;
  stage_alive_ = true;
  actions_.emplace_back(StartStage{Stage::setup});
}

void AgentLogic::start_program() {
  state_ = State::running;
  stage_alive_ = true;
  exit_.reset();
  rate_at_.reset();
  status_.exit_code.reset();
  status_.program_stopped_at.reset();
  if (!status_.program_started_at) status_.program_started_at = now_.wall;
  saves_.program_started(now_.steady);
  actions_.emplace_back(StartStage{Stage::program});
}

void AgentLogic::on(const StageEnded& event) {
  stage_alive_ = false;
  if (event.stage == Stage::setup && state_ == State::setup) setup_ended(event);
  if (event.stage == Stage::program && state_ == State::running) program_ended(event);
}

void AgentLogic::setup_ended(const StageEnded& event) {
  if (ending_) {
    leave(AgentPhase::stopped, ending_->reason);
    return;
  }
  if (!event.lost.empty()) {
    leave(AgentPhase::broken, event.lost);
    return;
  }
  if (event.exit_code == 0) {
    start_program();
    return;
  }
  status_.exit_code = event.exit_code;
  state_ = State::finishing;
  note(end_of_stage("setup", event));
  run_task(Finish{Outcome::failed, event.exit_code, status_.message});
}

void AgentLogic::program_ended(const StageEnded& event) {
  exit_ = event;
  status_.exit_code = event.exit_code;
  // After SIGTERM a program may take its time to write and end; it advanced no further than its last report.
  status_.program_stopped_at = now_.wall;
  if (terminated_at_) {
    status_.program_stopped_at =
        std::min(now_.wall, std::max(*terminated_at_, last_progress_at_.value_or(*terminated_at_)));
  }
  state_ = State::wrapping;
  // It came to its own end before it was told to.
  if (ending_ && !ending_->discard && event.exit_code == 0 && !terminated_at_) ending_.reset();
  if (ending_ && ending_->discard) {
    saves_.give_up();
    leave(AgentPhase::stopped, ending_->reason);
    return;
  }
  if (ending_) ending_->step = Ending::Step::capturing;
  saves_.program_ended(event.killed ? Life::killed : Life::ended, now_.steady);
  if (saves_.quiet()) wrapped_up();
}

// The program has ended and its state is in the ledger, or cannot be brought there.
void AgentLogic::wrapped_up() {
  if (ending_) {
    leave(AgentPhase::stopped, saves_.problem().empty()
                                   ? ending_->reason
                                   : ending_->reason + "; its last state was not saved: " + saves_.problem());
    return;
  }
  if (!exit_->lost.empty()) {  // the job goes on at another place
    leave(AgentPhase::broken, exit_->lost);
    return;
  }
  if (exit_->exit_code == 0 || restarts_ >= spec_.resources.max_restarts_on_errors) {
    state_ = State::outputs;
    run_task(KeepOutputs{exit_->exit_code == 0});
    return;
  }
  ++restarts_;
  note(end_of_stage("the program", *exit_) + "; restart " + std::to_string(restarts_) + " of " +
       std::to_string(spec_.resources.max_restarts_on_errors));
  if (!saved_step_) {
    start_program();
    return;
  }
  state_ = State::restoring;
  run_task(Restore{});
}

void AgentLogic::on(const OutputsKept& event) {
  if (state_ != State::outputs) return;
  failures_ = 0;
  trouble_passed();
  outputs_note_ = event.note;
  finish_job();
}

void AgentLogic::finish_job() {
  state_ = State::finishing;
  const int code = exit_->exit_code;
  std::string message = code == 0 ? std::string() : end_of_stage("the program", *exit_);
  if (!outputs_note_.empty()) message += (message.empty() ? "" : "; ") + outputs_note_;
  run_task(Finish{code == 0 ? Outcome::succeeded : Outcome::failed, code, message});
  note(message);
}

void AgentLogic::on(const FinishWritten&) {
  if (state_ != State::finishing) return;
  leave(AgentPhase::finished, status_.message);
}

void AgentLogic::leave(AgentPhase phase, std::string message) {
  if (state_ == State::left) return;
  if (stage_alive_) actions_.emplace_back(Kill{});
  if (stage_alive_ && state_ == State::running) status_.program_stopped_at = now_.wall;
  state_ = State::left;
  status_.phase = phase;
  status_.message = std::move(message);
  if (ending_) order_done(ending_->order);
  actions_.emplace_back(StopTasks{});
  actions_.emplace_back(Leave{});
}

void AgentLogic::on(const Captured& event) {
  saves_.captured(event, now_.steady);
  trouble_passed();
  if (event.committed) {
    saved_step_ = event.step;
    status_.saved_step = event.step;
    status_.saved_digest = event.root_digest;
    status_.bytes_saved += event.bytes_moved;
    status_.save_cost_s = seconds_of(event.took);
    if (!ending_ && state_ == State::running && !prune_running_ &&
        ++captures_since_prune_ > static_cast<std::uint64_t>(std::max(spec_.checkpoint.keep, 1))) {
      captures_since_prune_ = 0;
      prune_running_ = true;
      actions_.emplace_back(RunTask{Prune{}});
    }
  }
  if (state_ == State::wrapping && saves_.quiet()) {
    wrapped_up();
  } else if (ending_) {
    advance_ending();
  }
}

void AgentLogic::on(const Pruned&) {
  prune_running_ = false;
}

void AgentLogic::on(const FenceChecked&) {
  fence_check_running_ = false;
}

void AgentLogic::on(const Progressed& event) {
  last_progress_at_ = now_.wall;
  update_rate(event.step);
  status_.step = event.step;
  if (event.total > 0) status_.total_steps = event.total;
  for (const auto& [name, value] : event.metrics) status_.metrics[name] = value;
  saves_.reported(event.step, event.metrics);
}

void AgentLogic::update_rate(double step) {
  if (!rate_at_ || step < rate_step_) {
    rate_at_ = now_.steady;
    rate_step_ = step;
    return;
  }
  const Duration span = now_.steady - *rate_at_;
  if (span < rate_span_min) return;
  const double rate = (step - rate_step_) / seconds_of(span);
  const double weight = status_.rate_per_s > 0 ? 1 - std::exp(-seconds_of(span) / rate_memory_s) : 1;
  status_.rate_per_s += weight * (rate - status_.rate_per_s);
  rate_at_ = now_.steady;
  rate_step_ = step;
}

void AgentLogic::on(const SaveAnnounced& event) {
  last_progress_at_ = now_.wall;
  saves_.announced(event.step, now_.steady);
}

void AgentLogic::on(const BadProgress& event) {
  note(std::to_string(event.lines) + (event.lines == 1 ? " progress line" : " progress lines") +
       " could not be read; the newest: " + event.problem);
}

void AgentLogic::on(const SaveSent& event) {
  saves_.signal_sent(event.processes, now_.steady);
  if (ending_) advance_ending();
}

void AgentLogic::on(const UsageSeen& event) {
  status_.cpu_s = event.cpu_s;
  status_.resident_bytes = event.resident_bytes;
}

void AgentLogic::on(const Warned& event) {
  note(event.message);
}

}  // namespace tradewind::agent
