// An AgentLogic in a test's hand: events in, the names of its actions out.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "app/agent/agent_logic.h"
#include "base/text.h"

namespace tradewind::agent {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct TaskName {
  std::string operator()(const ReadSpec&) const { return "read_spec"; }
  std::string operator()(const Prefetch&) const { return "prefetch"; }
  std::string operator()(const Claim&) const { return "claim"; }
  std::string operator()(const BringData&) const { return "bring"; }
  std::string operator()(const Restore&) const { return "restore"; }
  std::string operator()(const CheckFence&) const { return "check_fence"; }
  std::string operator()(const Capture& task) const {
    std::string text = "capture";
    text += task.announced ? ":" + std::to_string(static_cast<int>(*task.announced)) : std::string(":?");
    if (task.life != Life::alive) text += task.life == Life::ended ? ":ended" : ":killed";
    return task.insist ? text + ":insist" : text;
  }
  std::string operator()(const Prune&) const { return "prune"; }
  std::string operator()(const KeepOutputs&) const { return "outputs"; }
  std::string operator()(const Finish& task) const {
    return "finish:" + std::string(to_text(task.outcome)) + ":" + std::to_string(task.exit_code);
  }
};
struct ActionName {
  std::string operator()(const RunTask& action) const { return std::visit(TaskName{}, action.task); }
  std::string operator()(const StartStage& action) const {
    return action.stage == Stage::setup ? "start_setup" : "start_program";
  }
  std::string operator()(const SendSave&) const { return "signal"; }
  std::string operator()(const LiftBandwidth&) const { return "lift"; }
  std::string operator()(const Terminate&) const { return "terminate"; }
  std::string operator()(const Kill&) const { return "kill"; }
  std::string operator()(const StopTasks&) const { return "stop_tasks"; }
  std::string operator()(const Leave&) const { return "leave"; }
};

// One agent under test: events in, the names of its actions out.
class Agent {
 public:
  explicit Agent(LogicOptions options = {}) : logic_(std::move(options)) {}

  std::string begin() { return names(logic_.begin(now_)); }
  std::string tell(const Event& event) { return names(logic_.handle(event, now_)); }
  std::string after(Duration span) {
    now_.wall += span;
    now_.steady += span;
    std::string done = tell(Tick{});
    const std::optional<Duration> wake = logic_.wake_at();
    EXPECT_TRUE(!wake || *wake > now_.steady) << "the edge would spin";
    return done;
  }
  // Lets time pass as the edge does: waking when the logic wants it.
  std::string pass(Duration span) {
    std::vector<std::string> all;
    const Duration end = now_.steady + span;
    while (now_.steady < end) {
      const Duration wake = logic_.wake_at().value_or(end);
      const Duration step = std::max(std::min(wake, end) - now_.steady, Duration(1));
      const std::string done = after(step);
      if (!done.empty()) all.push_back(done);
    }
    return join(all, " ");
  }
  std::string order(std::uint64_t number, OrderKind kind, bool discard = false) {
    return tell(OrderSeen{Order{number, kind, now_.wall, "as told", std::nullopt, discard}});
  }
  std::string notice(Duration lead) {
    return tell(NoticeSeen{PreemptionNotice{now_.wall, now_.wall + lead, "spot"}});
  }
  void claim(const JobSpec& spec, std::optional<double> saved = std::nullopt) {
    begin();
    tell(SpecRead{spec});
    tell(Claimed{1, saved});
  }
  // Up to the running program.
  void run(const JobSpec& spec, std::optional<double> saved = std::nullopt) {
    claim(spec, saved);
    if (saved && !spec.checkpoint.path.empty()) tell(Restored{*saved, "d", 0, 0, ""});
    if (!spec.setup.empty()) tell(StageEnded{Stage::setup, 0, false});
    ASSERT_EQ(phase(), "running");
  }
  std::string phase() const { return std::string(to_text(logic_.status().phase)); }
  const AgentStatus& status() const { return logic_.status(); }
  const AgentLogic& logic() const { return logic_; }
  Time wall() const { return now_.wall; }
  const std::map<std::string, double>& captured_metrics() const { return captured_metrics_; }

 private:
  std::string names(const std::vector<Action>& actions) {
    std::vector<std::string> texts;
    texts.reserve(actions.size());
    for (const Action& action : actions) {
      texts.push_back(std::visit(ActionName{}, action));
      const auto* task = std::get_if<RunTask>(&action);
      const auto* capture = task == nullptr ? nullptr : std::get_if<Capture>(&task->task);
      if (capture != nullptr) captured_metrics_ = capture->metrics;
    }
    return join(texts, " ");
  }
  AgentLogic logic_;
  std::map<std::string, double> captured_metrics_;
  Moment now_{Time(std::chrono::hours(500000)), seconds(1000)};
};

inline JobSpec spec_with(std::string signal) {
  JobSpec spec;
  spec.run = "train";
  spec.checkpoint.path = "state";
  spec.checkpoint.signal = std::move(signal);
  spec.checkpoint.interval = minutes(5);
  return spec;
}

inline LogicOptions standing_by() {
  LogicOptions options;
  options.standby = true;
  return options;
}

inline LogicOptions limited_to(Duration span) {
  LogicOptions options;
  options.hard_limit = Agent().wall() + span;
  return options;
}

inline TaskFailed failed(Task task, Code code) {
  return {std::move(task), Error{code, "it did not work"}};
}

inline Captured committed(double step, std::string digest = "d") {
  return {true, step, std::move(digest), 1, seconds(1)};
}

}  // namespace tradewind::agent
