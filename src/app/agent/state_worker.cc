#include "app/agent/state_worker.h"

#include <malloc.h>
#include <utility>

namespace tradewind::agent {

StateWorker::StateWorker(StateParts parts, std::function<void()> wake)
    : tasks_(std::move(parts)), wake_(std::move(wake)), thread_([this] { work(); }) {}

StateWorker::~StateWorker() {
  stop_tasks();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StateWorker::submit(Task task, std::optional<checkpoint::FolderView> announced) {
  // Here and not where it begins, which would take back what was lifted in between.
  if (const auto* capture = std::get_if<Capture>(&task)) tasks_.hold_pace(capture->paced);
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(task), std::move(announced)});
  changed_.notify_all();
}

void StateWorker::stop_tasks() {
  tasks_.cancel();
  tasks_.hold_pace(false);
  const std::lock_guard lock(mutex_);
  queue_.clear();
}

std::vector<Event> StateWorker::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void StateWorker::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const Entry entry = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Event event = tasks_.run(entry.task, entry.announced);
    // Buffers of a capture go back to the machine: the agent is to be small while the program works.
    if (!std::holds_alternative<CheckFence>(entry.task)) ::malloc_trim(0);
    lock.lock();
    events_.push_back(std::move(event));
    wake_();
  }
}

}  // namespace tradewind::agent
