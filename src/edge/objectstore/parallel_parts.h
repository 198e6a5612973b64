// The parts of a large object, several on their way at once.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace tradewind::objectstore {

// Calls send(0) … send(count - 1), each once, from at most `at_once` threads. After the first that fails no
// other begins, and its error is the answer; returns when all threads have ended.
Status send_parts(std::size_t count, unsigned at_once, const std::function<Status(std::size_t)>& send);

}  // namespace tradewind::objectstore
