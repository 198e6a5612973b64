#include "edge/objectstore/parallel_parts.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tradewind::objectstore {

Status send_parts(std::size_t count, unsigned at_once, const std::function<Status(std::size_t)>& send) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::optional<Error> failure;  // protected by mutex
  const auto work = [&] {
    for (;;) {
      const std::size_t index = next++;
      if (index >= count || failed) return;
      const Status sent = send(index);
      if (sent.ok()) continue;
      failed = true;
      const std::lock_guard lock(mutex);
      if (!failure) failure = sent.error();
      return;
    }
  };
  {
    std::vector<std::jthread> senders;
    const std::size_t threads = std::min<std::size_t>(at_once, count);
    senders.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) senders.emplace_back(work);
  }
  return failure ? Status(*failure) : Status();
}

}  // namespace tradewind::objectstore
