#include "edge/io/forward_clock.h"

#include <algorithm>
#include <utility>

namespace tradewind::io {
namespace {

constexpr Duration worth_telling{1000};

}  // namespace

ForwardClock::ForwardClock(const Clock& inner, Told set_back)
    : inner_(inner), set_back_(std::move(set_back)), said_(inner.now()), said_at_(inner.monotonic()) {}

Time ForwardClock::now() const {
  std::unique_lock lock(mutex_);
  const Time wall = inner_.now();
  const Duration steady = inner_.monotonic();
  const bool back = wall < said_;
  if (!back) ahead_ = false;
  said_ = back ? said_ + std::max(steady - said_at_, Duration{}) : wall;
  said_at_ = steady;
  const Time said = said_;
  const Duration gap = said - wall;
  const bool tell = back && gap >= worth_telling && !std::exchange(ahead_, true);
  lock.unlock();
  if (tell) set_back_(gap);
  return said;
}

}  // namespace tradewind::io
