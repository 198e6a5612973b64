#include "edge/checkpoint/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <malloc.h>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "edge/io/paired_hash.h"

namespace tradewind::checkpoint {
namespace {

// What rounds hold of a common measure. One that asks for more than there is gets all of it.
class HeldBytes {
 public:
  explicit HeldBytes(std::uint64_t bytes) : bytes_(std::min(bytes, bytes_held_max)) {
    std::unique_lock lock(mutex);
    freed.wait(lock, [this] { return held + bytes_ <= bytes_held_max; });
    held += bytes_;
  }
  ~HeldBytes() {
    {
      const std::lock_guard lock(mutex);
      held -= bytes_;
    }
    freed.notify_all();
  }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;

 private:
  static inline std::mutex mutex;
  static inline std::condition_variable freed;
  static inline std::uint64_t held = 0;  // guarded by mutex
  std::uint64_t bytes_;
};

std::counting_semaphore<computing_max>& processors() {
  static std::counting_semaphore<computing_max> free(computing_max);
  return free;
}

thread_local bool in_order = false;

}  // namespace

InOrder::InOrder() : before_(std::exchange(in_order, true)) {}

InOrder::~InOrder() {
  in_order = before_;
}

Computing::Computing() {
  processors().acquire();
}

Computing::~Computing() {
  processors().release();
}

Status for_each_parallel(std::size_t count, const std::function<std::uint64_t(std::size_t)>& chunk_bytes_of,
                         const std::function<Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> first_error;  // guarded by mutex
  const auto run = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      const HeldBytes held(3 * chunk_bytes_of(index));
      const io::HashingSoon hashes;
      const Status done = work(index);
      if (done.ok()) continue;
      next = count;
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = done.error();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = in_order ? 1 : std::min<std::size_t>(workers, count);
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
    run();
  }
  // The chunks' memory, of which the allocator would keep a hundred MiB beside whatever comes next.
  if (!in_order) ::malloc_trim(0);
  return first_error ? Status(*first_error) : Status();
}

}  // namespace tradewind::checkpoint
