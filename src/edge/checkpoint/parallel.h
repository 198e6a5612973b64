// A loop whose rounds run on a few threads.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace tradewind::checkpoint {

// One worker hashes or compresses while the other waits for the disk or the network; more would take
// processors from the program whose state is saved.
constexpr unsigned workers = 2;

// Calls work(0) … work(count - 1), each once, from `workers` threads. The first error stops the rest and is
// returned.
Status for_each_parallel(std::size_t count, const std::function<Status(std::size_t)>& work);

}  // namespace tradewind::checkpoint
