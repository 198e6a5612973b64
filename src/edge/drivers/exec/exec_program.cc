#include "edge/drivers/exec/exec_program.h"

#include <algorithm>

namespace tradewind::exec {
namespace {

using std::chrono::steady_clock;

constexpr Duration longest_pause = std::chrono::minutes(1);
constexpr int doublings_max = 6;

Duration pause_after(int early_deaths, Duration first) {
  if (early_deaths == 0) return Duration(0);
  return std::min(longest_pause, first * (1 << std::min(early_deaths - 1, doublings_max)));
}

}  // namespace

Program::Program(ProgramOptions options, json::object greeting_params, Greeting greet)
    : options_(std::move(options)), greeting_params_(std::move(greeting_params)), greet_(std::move(greet)) {}

Result<json::value> Program::ask(std::string_view method, json::object params) {
  return ask(method, std::move(params), {});
}

Result<json::value> Program::ask(std::string_view method, json::object params,
                                 const std::map<std::string, std::string>& secrets) {
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Run> run, running());
  run->hide(secrets);
  return run->ask(method, std::move(params), steady_clock::now() + options_.timeout);
}

Status Program::prove_started() {
  {
    const std::lock_guard lock(mutex_);
    if (!run_ && last_problem_ && steady_clock::now() < not_before_) return *last_problem_;
  }
  const Result<std::shared_ptr<Run>> run = running();
  return run.ok() ? Status() : Status(run.error());
}

// Whoever comes first starts it, and the others wait for him.
Result<std::shared_ptr<Run>> Program::running() {
  const std::lock_guard lock(mutex_);
  if (run_ && !run_->is_over()) return run_;
  if (run_) {
    last_problem_ = run_->why_over();
    options_.run.log(last_problem_->message);  // it may have died while nobody asked
    early_deaths_ = run_->lived() < options_.soon ? early_deaths_ + 1 : 0;
    run_.reset();
    not_before_ = steady_clock::now() + pause_after(early_deaths_, options_.first_pause);
  }
  const auto left = std::chrono::ceil<Duration>(not_before_ - steady_clock::now());
  if (left > Duration(0)) return wait_told(left);
  Result<std::shared_ptr<Run>> started = start();
  if (started.ok()) return started;
  last_problem_ = started.error();
  not_before_ = steady_clock::now() + pause_after(++early_deaths_, options_.first_pause);
  return started;
}

Error Program::wait_told(Duration left) const {
  const Error last = last_problem_.value_or(Error{Code::unavailable, program_text(options_.run) + " ended"});
  return {Code::unavailable, last.message + "; it is started again in " + format_duration(left), last.hint};
}

Result<std::shared_ptr<Run>> Program::start() {
  TW_ASSIGN_OR_RETURN(std::shared_ptr<Run> run, Run::start(options_.run));
  TW_ASSIGN_OR_RETURN(const json::value told, run->ask("capabilities", greeting_params_,
                                                       steady_clock::now() + options_.greeting_timeout));
  TW_ASSIGN_OR_RETURN(const int parallel, greet_(told));
  run->allow(parallel);
  run_ = run;
  return run;
}

}  // namespace tradewind::exec
