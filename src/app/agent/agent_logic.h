// The agent's decisions: one state machine for one lease, told events and answering with actions. No I/O, no
// clock, no threads. What it means for programs: docs/agent.md.
//
//   reading_spec ─▶ (standby) ─▶ claiming ─▶ bringing ─▶ restoring ─▶ setup ─▶ running ─▶ wrapping ─▶ outputs
//   ─▶ finishing ─▶ left
//                                               ▲                              │ restart in place
//                                               └──────────────────────────────┘
// An ending (stop order, preemption notice, hard limit, SIGTERM) leads from any state before `wrapping` to
// `left` as stopped; a newer epoch leads from anywhere to `left` as fenced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/agent_event.h"
#include "app/agent/save_control.h"
#include "core/model/agent_status.h"
#include "core/model/job.h"

namespace tradewind::agent {

struct LogicOptions {
  LeaseId lease;
  JobId job;
  bool standby = false;
  std::optional<Time> hard_limit = std::nullopt;
  Duration lease_term = std::chrono::seconds(30);
  double hazard_per_hour = 0;
  std::optional<Duration> notice_lead = std::nullopt;
  Duration grace = std::chrono::seconds(10);          // from SIGTERM to SIGKILL
  Duration save_patience = std::chrono::seconds(60);  // for an announcement, where nothing else presses
  Duration idle_limit = std::chrono::minutes(10);     // of a standby that nobody starts
};

class AgentLogic {
 public:
  explicit AgentLogic(LogicOptions options);

  std::vector<Action> begin(Moment now);
  std::vector<Action> handle(const Event& event, Moment now);
  // On the steady clock: when a Tick is wanted at the latest.
  std::optional<Duration> wake_at() const;
  // `sequence`, `agent_time` and the numbers of segments belong to the edge.
  const AgentStatus& status() const { return status_; }
  // As it was given, or as the newest order moved it. Nothing: none.
  std::optional<Time> hard_limit() const { return options_.hard_limit; }
  // An announcement is awaited that others wait for: worth looking often.
  bool urgent() const { return ending_.has_value() || state_ == State::wrapping; }
  bool over() const { return state_ == State::left; }
  // 0: finished or stopped, 1: broken, 3: fenced.
  int exit_status() const;

 private:
  enum class State {
    reading_spec,
    standby,
    claiming,
    bringing,
    restoring,
    setup,
    running,
    wrapping,
    outputs,
    finishing,
    left
  };
  // On the way to an early end.
  struct Ending {
    enum class Step { saving, terminating, killing, capturing };
    Step step = Step::saving;
    bool discard = false;
    std::optional<Duration> deadline;  // steady; nothing: no hurry
    Duration step_until{};
    std::uint64_t order = 0;
    std::string reason;
  };

  void on(const Tick&);
  void on(const SpecRead& event);
  void on(const Prefetched& event);
  void on(const Claimed& event);
  void on(const DataBrought& event);
  void on(const Restored& event);
  void on(const FenceChecked&);
  void on(const Captured& event);
  void on(const Pruned&);
  void on(const OutputsKept& event);
  void on(const FinishWritten&);
  void on(const TaskFailed& event);
  void on(const StageEnded& event);
  void on(const Progressed& event);
  void on(const SaveAnnounced& event);
  void on(const BadProgress& event);
  void on(const SaveSent& event);
  void on(const NoticeSeen& event);
  void on(const SaveAdvised& event);
  void on(const OrderSeen& event);
  void on(const StopRequested& event);
  void on(const UsageSeen& event);
  void on(const Warned& event);

  // agent_logic.cc: the way of a job that is not disturbed
  void run_task(const Task& task);
  void bring_or_restore();
  void restore_or_start();
  void fail_job(const std::string& problem);
  void start_setup();
  void start_program();
  void setup_ended(const StageEnded& event);
  void program_ended(const StageEnded& event);
  void wrapped_up();
  void finish_job();
  void leave(AgentPhase phase, std::string message);
  void update_rate(double step);
  void note(const std::string& message) { status_.message = message; }
  // A note that is taken back once what failed has succeeded.
  void trouble(const std::string& message);
  void trouble_passed();

  // agent_ending.cc: endings, orders, failures
  void begin_ending(Ending ending);
  void end_before_program(const Ending& ending);
  void ask_last_save();
  void advance_ending();
  void terminate_program();
  void kill_program();
  void give_up_if_too_late();
  Duration gives_up_at() const;
  bool may_be_ended() const;
  void stop_ordered(const Order& order);
  void save_ordered(const Order& order);
  void order_done(std::uint64_t number);
  void settle_orders();
  void become_fenced(const std::string& why);
  bool is_tried_again(const Task& task, const Error& error) const;
  void retry(const Task& task, const Error& error);
  void capture_failed(const Error& error);
  void set_hard_limit(Time limit);
  std::optional<Duration> hard_limit_begins() const;
  bool time_left_for(Duration span) const;

  std::vector<Action> finish_event();
  void refresh_phase();

  LogicOptions options_;
  Moment now_;
  State state_ = State::reading_spec;
  AgentStatus status_;
  std::vector<Action> actions_;
  JobSpec spec_;
  std::string spec_problem_;
  SaveControl saves_;
  std::optional<Ending> ending_;
  std::optional<StageEnded> exit_;  // of the program
  bool stage_alive_ = false;
  int restarts_ = 0;  // in place, after the program's own failures
  std::optional<double> saved_step_;
  std::optional<Task> retry_task_;
  Duration retry_at_{};
  int failures_ = 0;     // of the task that is being retried
  std::string trouble_;  // what status_.message says, until it is over
  Duration next_fence_check_{};
  bool fence_check_running_ = false;
  std::optional<Duration> hard_limit_;  // steady
  Duration last_order_at_{};
  bool prefetched_ = false;  // once, or as far as it could be
  std::uint64_t prefetched_bytes_ = 0;
  std::uint64_t prefetched_data_bytes_ = 0;
  std::uint64_t save_order_ = 0;  // under way
  std::uint64_t captures_since_prune_ = 0;
  bool prune_running_ = false;
  std::string outputs_note_;
  double rate_step_ = 0;
  std::optional<Duration> rate_at_;
  std::optional<Time> last_progress_at_;
  std::optional<Time> terminated_at_;
};

}  // namespace tradewind::agent
