#include "engine/broker/thread_runner.h"

#include <algorithm>
#include <utility>

namespace tradewind::broker {

ThreadRunner::ThreadRunner(const World& world, int threads) : world_(world) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ThreadRunner::~ThreadRunner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  actions_changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadRunner::start(scheduler::Action action) {
  {
    const std::lock_guard lock(mutex_);
    actions_.push_back(std::move(action));
  }
  actions_changed_.notify_one();
}

std::vector<scheduler::Observation> ThreadRunner::wait_until(Time time) {
  // At most a minute at a stretch: the wall clock may be set while we sleep.
  const Duration patience = std::clamp(time - world_.clock->now(), Duration(0), Duration(60'000));
  std::unique_lock lock(mutex_);
  observations_changed_.wait_for(lock, patience, [this] { return woken_ || !observations_.empty(); });
  woken_ = false;
  return std::exchange(observations_, {});
}

void ThreadRunner::post(scheduler::Observation observation) {
  {
    const std::lock_guard lock(mutex_);
    observations_.push_back(std::move(observation));
  }
  observations_changed_.notify_one();
}

void ThreadRunner::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  observations_changed_.notify_one();
}

void ThreadRunner::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    actions_changed_.wait(lock, [this] { return stopping_ || !actions_.empty(); });
    if (stopping_) return;
    const scheduler::Action action = std::move(actions_.front());
    actions_.pop_front();
    lock.unlock();
    post(perform(world_, action));
  }
}

}  // namespace tradewind::broker
