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
  const std::optional<Batching> batching = batching_of(world_, action);
  {
    const std::lock_guard lock(mutex_);
    if (batching) {
      Batch& batch = batches_[batching->name];
      batch.max = batching->max;
      batch.actions.push_back(std::move(action));
    } else {
      actions_.push_back(std::move(action));
    }
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

bool ThreadRunner::has_work() const {
  return !actions_.empty() || std::ranges::any_of(batches_, [](const auto& entry) {
    return !entry.second.actions.empty() && !entry.second.is_under_way;
  });
}

// Batches first: what many wait for, and no more than one worker each.
std::string ThreadRunner::take(std::vector<scheduler::Action>& actions) {
  for (auto& [name, batch] : batches_) {
    if (batch.actions.empty() || batch.is_under_way) continue;
    batch.is_under_way = true;
    while (!batch.actions.empty() && actions.size() < batch.max) {
      actions.push_back(std::move(batch.actions.front()));
      batch.actions.pop_front();
    }
    return name;
  }
  actions.push_back(std::move(actions_.front()));
  actions_.pop_front();
  return {};
}

void ThreadRunner::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    actions_changed_.wait(lock, [this] { return stopping_ || has_work(); });
    if (stopping_) return;
    std::vector<scheduler::Action> actions;
    const std::string batch = take(actions);
    lock.unlock();
    if (batch.empty()) {
      post(perform(world_, actions.front()));
      continue;
    }
    for (scheduler::Observation& observation : perform_together(world_, actions))
      post(std::move(observation));
    lock.lock();
    batches_[batch].is_under_way = false;
  }
}

}  // namespace tradewind::broker
