// The thread that carries out state tasks (state_tasks.h), one after the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/agent/agent_event.h"
#include "app/agent/state_tasks.h"
#include "edge/checkpoint/folder_view.h"

namespace tradewind::agent {

class StateWorker {
 public:
  // `wake` is called from the thread when there is an event to take.
  StateWorker(StateParts parts, std::function<void()> wake);
  // Waits for the task that is under way; the others are not begun.
  ~StateWorker();
  StateWorker(const StateWorker&) = delete;
  StateWorker& operator=(const StateWorker&) = delete;

  void submit(Task task, std::optional<checkpoint::FolderView> announced);
  // A capture that is under way takes all of the network from now on.
  void lift_bandwidth() { tasks_.hold_pace(false); }
  // Forgets what has not begun, and ends a prefetch soon.
  void stop_tasks();
  std::vector<Event> take_events();

 private:
  struct Entry {
    Task task;
    std::optional<checkpoint::FolderView> announced;
  };
  void work();

  StateTasks tasks_;
  std::function<void()> wake_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  std::vector<Event> events_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tradewind::agent
