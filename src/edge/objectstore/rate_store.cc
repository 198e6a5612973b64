#include "edge/objectstore/rate_store.h"

#include <algorithm>
#include <cmath>

namespace tradewind::objectstore {
namespace {

// The limit may change while a call waits.
constexpr Duration wait_max{1000};

}  // namespace

ByteRate::ByteRate(double bytes_per_s, const Clock& clock, Wait wait)
    : ByteRate([bytes_per_s] { return bytes_per_s; }, clock, std::move(wait)) {}

ByteRate::ByteRate(Limit limit, const Clock& clock, Wait wait)
    : limit_(std::move(limit)),
      clock_(clock),
      wait_(std::move(wait)),
      seen_s_(seconds_of(clock.monotonic())) {}

void ByteRate::catch_up() {
  const double now_s = seconds_of(clock_.monotonic());
  bytes_per_s_ = limit_();
  allowed_ = std::isinf(bytes_per_s_) ? std::max(allowed_, queued_)
                                      : allowed_ + bytes_per_s_ * std::max(now_s - seen_s_, 0.0);
  seen_s_ = now_s;
}

Status ByteRate::pass(std::uint64_t bytes) {
  constexpr double rounding = 0.5;  // of a byte
  std::unique_lock lock(mutex_);
  catch_up();
  const double turn = std::max(queued_, allowed_);  // what was not used is not saved up
  queued_ = turn + static_cast<double>(bytes);
  while (bytes_per_s_ <= 0 || allowed_ + rounding < turn) {
    const double left_s = bytes_per_s_ > 0 ? (turn - allowed_) / bytes_per_s_ : seconds_of(wait_max);
    const Duration left = duration_of_seconds(std::min(left_s, seconds_of(wait_max)));
    lock.unlock();
    if (!wait_(std::max(left, Duration(1)))) return Error{Code::cancelled, "interrupted"};
    lock.lock();
    catch_up();
  }
  return {};
}

Status RateStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  TW_RETURN_IF_ERROR(rate_.pass(bytes.size()));
  return inner_.put(key, bytes, condition);
}

// How much comes is known only then: the next one waits for it.
Result<std::string> RateStore::get(std::string_view key, ByteRange range) {
  TW_RETURN_IF_ERROR(rate_.pass(0));
  Result<std::string> got = inner_.get(key, range);
  if (got.ok()) TW_RETURN_IF_ERROR(rate_.pass(got->size()));
  return got;
}

}  // namespace tradewind::objectstore
