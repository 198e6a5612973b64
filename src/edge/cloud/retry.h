// How often and how long a call is repeated, for all that is reached over a network.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace tradewind::cloud {

// How long is waited. The defaults are for real networks; tests are hasty.
struct RetryTuning {
  int attempts_max = 8;
  Duration delay_first{100};  // full jitter: a wait is anything up to it, doubled each time
  Duration delay_max{5'000};
  Duration patience{60'000};        // whatever attempt begins after it is the last
  Duration reply_patience{60'000};  // of one attempt
};

// Does a refusal of this status pass, so that the same request may be answered otherwise later? 408, 429, and
// 5xx but those that say what the server cannot or may not do.
bool status_passes(int status);

// Chance for waits, seeded by the kernel. Safe from several threads at once.
class Jitter {
 public:
  Jitter();
  Duration up_to(Duration longest);

 private:
  std::mutex mutex_;
  Random random_;  // protected by mutex_
};

// How long is waited after the `made`th attempt, from 1: full jitter.
Duration pause_after(const RetryTuning& tuning, int made, Jitter& jitter);

// 32 random hex digits, by which a write is known again.
std::string random_mark();

// What one call has been through.
class Attempts {
 public:
  // REQUIRES: all three outlive this.
  Attempts(const RetryTuning& tuning, const Clock& clock, Jitter& jitter);

  void begin();
  // One may have had its effect, though no answer said so.
  bool unknown() const { return unknown_; }
  void note_unknown() { unknown_ = true; }
  // Waits, and then a further attempt may begin; false at once when the budget is spent. However long one
  // attempt took, another follows: the process may have stood still (SIGSTOP, a laptop that slept), and found
  // its connections dead.
  bool wait();
  // After a connection that failed. Waits, and then a further attempt may begin; else the error of the call:
  // unavailable for all that would be tried again.
  std::optional<Error> failed(const Error& error);

 private:
  const RetryTuning& tuning_;
  const Clock& clock_;
  Jitter& jitter_;
  const Duration begun_;
  Duration last_begun_;
  int made_ = 0;
  bool unknown_ = false;
};

}  // namespace tradewind::cloud
