#include "edge/objectstore/rate_store.h"

#include <algorithm>

namespace tradewind::objectstore {

ByteRate::ByteRate(double bytes_per_s, const Clock& clock, Wait wait)
    : bytes_per_s_(bytes_per_s), clock_(clock), wait_(std::move(wait)) {}

Status ByteRate::pass(std::uint64_t bytes) {
  double wait_s = 0;
  {
    const std::lock_guard lock(mutex_);
    const double now_s = seconds_of(clock_.monotonic());
    const double begin_s = std::max(free_at_s_, now_s);
    free_at_s_ = begin_s + static_cast<double>(bytes) / bytes_per_s_;
    wait_s = begin_s - now_s;
  }
  if (wait_s <= 0 || wait_(duration_of_seconds(wait_s))) return {};
  return Error{Code::cancelled, "interrupted"};
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
