// The watches of a list, on a thread.
#include <condition_variable>
#include <thread>

#include "edge/drivers/kubernetes/watched_list.h"

namespace tradewind::kubernetes {
namespace {

class WatchThread final : public Follower {
 public:
  explicit WatchThread(WatchedList& list) : list_(list), thread_([this] { follow(); }) {}
  ~WatchThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  WatchThread(const WatchThread&) = delete;
  WatchThread& operator=(const WatchThread&) = delete;

  void wake() override {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_all();
  }

 private:
  void follow() {
    do {
      const WatchedList::Turn turn = list_.turn();
      if (turn.watch) {
        watch(*turn.watch);
      } else if (!wait(turn.pause)) {
        return;
      }
    } while (true);
  }
  void watch(const WatchedList::Watch& watch) {
    list_.end(watch, list_.client().watch(watch.request,
                                          [&](const WatchEvent& event) { return list_.take(watch, event); }));
  }
  // Until it is woken, or the pause is over. False: the end.
  bool wait(const std::optional<Duration>& pause) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return woken_ || stopping_; };
    if (pause) {
      changed_.wait_for(lock, *pause, ready);
    } else {
      changed_.wait(lock, ready);
    }
    woken_ = false;
    return !stopping_;
  }

  WatchedList& list_;
  std::mutex mutex_;  // protects the two below
  bool woken_ = false;
  bool stopping_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Follower> follow_by_thread(WatchedList& list) {
  return std::make_unique<WatchThread>(list);
}

}  // namespace tradewind::kubernetes
