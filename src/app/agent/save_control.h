// When a running program's state is captured: on its own word, on request, at the cadence. Pure; part of
// AgentLogic.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/agent_event.h"
#include "app/agent/cadence.h"
#include "core/model/job.h"

namespace tradewind::agent {

struct SaveOptions {
  CheckpointRequest checkpoint;
  double hazard_per_hour = 0;
  std::optional<Duration> notice_lead = std::nullopt;
};

// At most one capture is under way; what is wanted in the meantime is done once, afterwards. A program that
// announces its saves is captured only as it announced them; one that does not, as its folder lies there.
class SaveControl {
 public:
  SaveControl() = default;  // of a job without checkpoints: never wants anything
  explicit SaveControl(SaveOptions options);

  void program_started(Duration now);
  void reported(double step, const std::map<std::string, double>& metrics = {});
  void announced(std::optional<double> step, Duration now);
  void signal_sent(int processes, Duration now);
  // A save is wanted: the program is asked for it and has until `patience_until` to announce it.
  void ask(Duration now, Duration patience_until);
  // The program is gone: what it left is captured, once.
  void program_ended(Life life, Duration now);
  void captured(const Captured& result, Duration now);
  void failed(const Error& error, Duration now);
  void tick(Duration now);
  // Somebody waits: a failed capture is tried again now rather than after its pause, and what the task says
  // of the network holds no more until all that is wanted now is captured.
  void hurry();
  // Nothing is awaited or wanted any more; a capture under way goes on.
  void give_up();

  // The actions that have become due, each handed out once.
  std::vector<Action> take(Duration now);
  // No ask is waiting for its checkpoint, and nothing is wanted or under way on its behalf.
  bool settled() const { return !ask_until_ && !settles_with_; }
  bool capturing() const { return in_flight_; }
  // Nothing is under way, wanted or awaited.
  bool quiet() const { return !in_flight_ && !wanted_ && settled(); }
  // Why the last capture was not made; empty when it was.
  const std::string& problem() const { return problem_; }
  Duration upload_estimate() const;
  std::optional<Duration> wake_at() const;

 private:
  bool configured() const { return !options_.checkpoint.path.empty(); }
  bool signals() const { return !options_.checkpoint.signal.empty(); }
  bool is_paced() const {
    return !options_.checkpoint.bandwidth.empty() && life_ == Life::alive && !hurried_;
  }
  void want();
  void resolve_ask();
  void drop_want(const std::string& problem);
  Duration interval() const;
  void plan_next(Duration now) { next_save_at_ = now + interval(); }

  SaveOptions options_;
  Life life_ = Life::ended;
  double reported_ = 0;
  std::map<std::string, double> metrics_;            // each as it was last reported
  std::map<std::string, double> announced_metrics_;  // as they were when the save was announced
  std::optional<double> announced_;
  std::optional<double> captured_announcement_;  // the announcement that the newest capture was made from
  std::optional<Duration> ask_until_;
  Duration asked_at_{};
  bool send_signal_ = false;
  bool wanted_ = false;
  bool in_flight_ = false;
  std::optional<double> in_flight_announcement_;
  std::uint64_t started_ = 0;                  // captures
  std::optional<std::uint64_t> settles_with_;  // the capture that the last ask waits for
  std::optional<Duration> retry_at_;
  bool hurried_ = false;
  bool lift_limit_ = false;  // of the capture under way
  int failures_ = 0;
  int unsettled_looks_ = 0;  // times the folder was newer than the announcement
  std::optional<Duration> next_save_at_;
  Duration pause_{};   // smoothed
  Duration upload_{};  // smoothed
  std::string problem_;
};

// 0.25 s, 0.5 s, 1 s … at most 30 s.
Duration backoff(int failures);

}  // namespace tradewind::agent
