// A supplier's program that is started once and kept: asked again and again, and started anew, ever more
// slowly, when it dies.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "edge/drivers/exec/exec_run.h"

namespace tradewind::exec {

struct ProgramOptions {
  RunOptions run;
  Duration timeout = std::chrono::seconds(60);  // of one question, waiting for its turn included
  // Of the first question after each start, capabilities.
  Duration greeting_timeout = std::chrono::seconds(10);
  // Before it is started again: that after an early death, doubled after each further one up to a minute. Who
  // lived longer than `soon` is started again at once.
  Duration first_pause = std::chrono::seconds(1);
  Duration soon = std::chrono::seconds(10);
};

// Safe from several threads.
class Program {
 public:
  // What capabilities answered: how many questions may be out at once, or why it cannot be used.
  using Greeting = std::function<Result<int>(const json::value& result)>;
  Program(ProgramOptions options, json::object greeting_params, Greeting greet);

  // The result, or the program's own error. unavailable: it cannot be started now, or the answer was lost.
  // For launch and terminate this means that they may have been done.
  Result<json::value> ask(std::string_view method, json::object params);
  // The same of a question that carries secrets: what the program says from then on is cleared of them.
  Result<json::value> ask(std::string_view method, json::object params,
                          const std::map<std::string, std::string>& secrets);
  // It answers capabilities now; else what was wrong when it was started last.
  Status prove_started();

 private:
  Result<std::shared_ptr<Run>> running();
  Result<std::shared_ptr<Run>> start();
  Error wait_told(Duration left) const;

  const ProgramOptions options_;
  const json::object greeting_params_;
  const Greeting greet_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::shared_ptr<Run> run_;
  std::optional<Error> last_problem_;
  int early_deaths_ = 0;
  Run::Deadline not_before_ = {};
};

}  // namespace tradewind::exec
