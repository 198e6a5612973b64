#include "edge/checkpoint/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tradewind::checkpoint {

Status for_each_parallel(std::size_t count, const std::function<Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> first_error;  // guarded by mutex
  const auto run = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      const Status done = work(index);
      if (done.ok()) continue;
      next = count;
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = done.error();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(workers, count);
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
    run();
  }
  return first_error ? Status(*first_error) : Status();
}

}  // namespace tradewind::checkpoint
