// Performs actions on worker threads over a real world.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/action_runner.h"
#include "engine/broker/world.h"

namespace tradewind::broker {

class ThreadRunner final : public ActionRunner {
 public:
  // REQUIRES: `world` outlives this. Starts `threads` workers.
  ThreadRunner(const World& world, int threads);
  // Waits for the calls under way; what is still queued is dropped: it will be looked for at the next start.
  ~ThreadRunner() override;
  ThreadRunner(const ThreadRunner&) = delete;
  ThreadRunner& operator=(const ThreadRunner&) = delete;

  void start(scheduler::Action action) override;
  std::vector<scheduler::Observation> wait_until(Time time) override;

  // Any thread: something for the loop to see, a user's command for example.
  void post(scheduler::Observation observation);
  // Any thread: lets wait_until return now.
  void wake();

 private:
  void work();
  bool has_work() const;
  // Takes what one worker does next: one action, or several that their supplier takes together. The name of
  // their batch, empty for one by itself. REQUIRES: has_work()
  std::string take(std::vector<scheduler::Action>& actions);

  // Constant after construction.
  const World& world_;

  // State below is protected by mutex_.
  std::mutex mutex_;
  std::condition_variable actions_changed_;
  std::condition_variable observations_changed_;
  std::deque<scheduler::Action> actions_;
  // One call of each kind to each supplier that takes several: what comes up meanwhile goes with the next.
  struct Batch {
    std::deque<scheduler::Action> actions;
    std::size_t max = 1;
    bool is_under_way = false;
  };
  std::map<std::string, Batch> batches_;
  std::vector<scheduler::Observation> observations_;
  bool woken_ = false;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace tradewind::broker
