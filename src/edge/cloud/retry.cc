#include "edge/cloud/retry.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <thread>

#include "edge/io/hash.h"

namespace tradewind::cloud {
namespace {

std::uint64_t seed() {
  const std::string bytes = io::random_bytes(sizeof(std::uint64_t));
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

}  // namespace

bool status_passes(int status) {
  if (status == 501 || status == 505 || status == 507) return false;
  return status >= 500 || status == 429 || status == 408;
}

Jitter::Jitter() : random_(seed()) {}

Duration Jitter::up_to(Duration longest) {
  const std::lock_guard lock(mutex_);
  return Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

Duration pause_after(const RetryTuning& tuning, int made, Jitter& jitter) {
  const int doublings = std::clamp(made - 1, 0, 10);
  return jitter.up_to(std::min(tuning.delay_max, tuning.delay_first * (1 << doublings)));
}

std::string random_mark() {
  return io::hex(io::random_bytes(16));
}

Attempts::Attempts(const RetryTuning& tuning, const Clock& clock, Jitter& jitter)
    : tuning_(tuning), clock_(clock), jitter_(jitter), begun_(clock.monotonic()), last_begun_(begun_) {}

void Attempts::begin() {
  ++made_;
  last_begun_ = clock_.monotonic();
}

bool Attempts::wait() {
  if (made_ >= tuning_.attempts_max || last_begun_ - begun_ >= tuning_.patience) return false;
  std::this_thread::sleep_for(pause_after(tuning_, made_, jitter_));
  return true;
}

std::optional<Error> Attempts::failed(const Error& error) {
  const bool unknown = error.code == Code::unavailable || error.code == Code::corrupt;
  unknown_ = unknown_ || unknown;
  // Nobody listens there: a server may be starting again, but it is not waited for long.
  const bool nobody = error.code == Code::not_found;
  if (unknown || (nobody && made_ < 3)) {
    if (wait()) return std::nullopt;
  }
  Error final = error;
  if (unknown || nobody) final.code = Code::unavailable;
  return final;
}

}  // namespace tradewind::cloud
