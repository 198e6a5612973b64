#include "app/agent/save_control.h"

#include <algorithm>
#include <utility>

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;

// How often a folder that is newer than the last announcement is looked at again before it is taken as it is.
constexpr int looks_max = 20;
// Tries against a fault of this machine, such as a full disk, before the next occasion is waited for.
constexpr int local_failures_max = 5;
constexpr Duration look_again_after = milliseconds(100);
constexpr Duration upload_when_unknown = milliseconds(500);

Duration smoothed(Duration old, Duration now) {
  return old == Duration::zero() ? now : (old + now) / 2;
}

}  // namespace

Duration backoff(int failures) {
  const int doublings = std::clamp(failures - 1, 0, 7);
  return std::min<Duration>(milliseconds(250) * (1 << doublings), std::chrono::seconds(30));
}

SaveControl::SaveControl(SaveOptions options) : options_(std::move(options)) {}

Duration SaveControl::interval() const {
  return save_interval(
      {options_.checkpoint.interval, pause_, upload_, options_.hazard_per_hour, options_.notice_lead});
}

Duration SaveControl::upload_estimate() const {
  return upload_ == Duration::zero() ? upload_when_unknown : upload_;
}

void SaveControl::program_started(Duration now) {
  life_ = Life::alive;
  metrics_.clear();
  announced_.reset();
  captured_announcement_.reset();
  if (configured()) plan_next(now);
}

void SaveControl::hurry() {
  retry_at_.reset();
  hurried_ = true;
  lift_limit_ = in_flight_ && !options_.checkpoint.bandwidth.empty();
}

void SaveControl::want() {
  wanted_ = true;
  problem_.clear();
}

// The program has answered the ask, or will not: the next capture to start settles it.
void SaveControl::resolve_ask() {
  if (!ask_until_) return;
  ask_until_.reset();
  send_signal_ = false;
  settles_with_.reset();
  if (wanted_) settles_with_ = started_ + 1;
  // Under way already, and from the newest announcement.
  if (!wanted_ && in_flight_) settles_with_ = started_;
}

void SaveControl::reported(double step, const std::map<std::string, double>& metrics) {
  reported_ = step;
  for (const auto& [name, value] : metrics) metrics_[name] = value;
}

void SaveControl::announced(std::optional<double> step, Duration now) {
  if (!configured()) return;
  announced_ = step.value_or(reported_);
  announced_metrics_ = metrics_;
  if (ask_until_) pause_ = smoothed(pause_, std::max(now - asked_at_, Duration(1)));
  const auto& newest = in_flight_ ? in_flight_announcement_ : captured_announcement_;
  if (newest != announced_) want();
  unsettled_looks_ = 0;
  resolve_ask();
}

void SaveControl::ask(Duration now, Duration patience_until) {
  if (!configured() || life_ != Life::alive) return;
  plan_next(now);
  if (ask_until_) {
    ask_until_ = std::min(*ask_until_, patience_until);
    return;
  }
  problem_.clear();
  ask_until_ = patience_until;
  asked_at_ = now;
  if (signals()) {
    send_signal_ = true;
    return;
  }
  if (!announced_) want();
  resolve_ask();
}

void SaveControl::signal_sent(int processes, Duration) {
  if (processes > 0 || !ask_until_) return;
  if (!announced_) want();
  if (!wanted_) problem_ = "no process of the program handles " + options_.checkpoint.signal + " yet";
  resolve_ask();
}

void SaveControl::program_ended(Life life, Duration now) {
  if (life_ != Life::alive) return;
  life_ = life;
  next_save_at_.reset();
  if (!configured()) return;
  ask_until_ = now;
  want();
  hurry();
  resolve_ask();
}

void SaveControl::captured(const Captured& result, Duration now) {
  in_flight_ = false;
  failures_ = 0;
  retry_at_.reset();
  unsettled_looks_ = 0;
  captured_announcement_ = in_flight_announcement_;
  if (result.committed) upload_ = smoothed(upload_, std::max(result.took, Duration(1)));
  if (settles_with_ && *settles_with_ <= started_) settles_with_.reset();
  if (life_ == Life::alive && !wanted_ && settled()) hurried_ = false;
  if (life_ == Life::alive) plan_next(now);
}

void SaveControl::drop_want(const std::string& problem) {
  problem_ = problem;
  failures_ = 0;
  unsettled_looks_ = 0;
  wanted_ = false;
  retry_at_.reset();
  settles_with_.reset();
}

void SaveControl::failed(const Error& error, Duration now) {
  in_flight_ = false;
  problem_ = describe(error);
  if (settles_with_ && *settles_with_ <= started_) settles_with_ = started_ + 1;
  wanted_ = true;
  if (error.code == Code::conflict && unsettled_looks_ < looks_max) {
    ++unsettled_looks_;
    retry_at_ = now + look_again_after;
    return;
  }
  const bool store_away = error.code == Code::unavailable || error.code == Code::rate_limited;
  const bool may_pass = error.code == Code::internal && failures_ < local_failures_max;
  if (store_away || may_pass) {
    retry_at_ = now + backoff(++failures_);
    return;
  }
  drop_want(problem_);
}

void SaveControl::give_up() {
  ask_until_.reset();
  send_signal_ = false;
  wanted_ = false;
  retry_at_.reset();
  settles_with_.reset();
}

void SaveControl::tick(Duration now) {
  if (ask_until_ && now >= *ask_until_) {
    problem_ = "the program did not announce a save in time";
    if (!announced_) want();
    resolve_ask();
  }
  if (life_ == Life::alive && next_save_at_ && now >= *next_save_at_ && quiet()) {
    ask(now, now + std::max<Duration>(interval(), std::chrono::seconds(10)));
  }
}

std::vector<Action> SaveControl::take(Duration now) {
  std::vector<Action> due;
  if (send_signal_) {
    send_signal_ = false;
    due.emplace_back(SendSave{});
  }
  if (std::exchange(lift_limit_, false)) due.emplace_back(LiftBandwidth{});
  if (wanted_ && !in_flight_ && (!retry_at_ || now >= *retry_at_)) {
    wanted_ = false;
    retry_at_.reset();
    in_flight_ = true;
    ++started_;
    in_flight_announcement_ = announced_;
    due.emplace_back(RunTask{Capture{announced_, reported_, life_, unsettled_looks_ >= looks_max,
                                     announced_ ? announced_metrics_ : metrics_, is_paced()}});
  }
  return due;
}

std::optional<Duration> SaveControl::wake_at() const {
  std::optional<Duration> wake = ask_until_;
  const auto sooner = [&wake](std::optional<Duration> at) {
    if (at && (!wake || *at < *wake)) wake = at;
  };
  if (wanted_ && !in_flight_) sooner(retry_at_);
  if (life_ == Life::alive && quiet()) sooner(next_save_at_);
  return wake;
}

}  // namespace tradewind::agent
