// A loop over chunks whose rounds run on several threads, within bounds of memory and of processors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"

namespace tradewind::checkpoint {

// Rounds mostly wait for a store: a request to a near one takes some milliseconds, to a far one some 50.
constexpr unsigned workers = 16;
// Of chunks that all loops of this process hold at once. A round counts its chunk three times: plain, packed,
// and on its way in or out.
constexpr std::uint64_t bytes_held_max = std::uint64_t{96} << 20;
// More would take processors from the program whose state is saved.
constexpr unsigned computing_max = 2;

// Calls work(0) … work(count - 1), each once, from several threads. The first error stops the rest and is
// returned. `chunk_bytes_of`: the size of a round's chunk. REQUIRES: `work` begins no loop of its own.
Status for_each_parallel(std::size_t count, const std::function<std::uint64_t(std::size_t)>& chunk_bytes_of,
                         const std::function<Status(std::size_t)>& work);

// While it lives, the loops that this thread begins run on it alone, their rounds one after the other: so
// that what a caller does is the same each time. For simulations.
class InOrder {
 public:
  InOrder();
  ~InOrder();
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;

 private:
  bool before_;
};

// While it lives, this thread is one of the few that compute.
class Computing {
 public:
  Computing();
  ~Computing();
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;
};

}  // namespace tradewind::checkpoint
