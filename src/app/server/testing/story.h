// Two jobs to look at, always the same: one that is over and had an eventful life, one that runs.
#pragma once

#include "app/server/testing/fake_control_plane.h"
#include "base/clock.h"
#include "edge/io/system_clock.h"

namespace tradewind::server::testing {

// j-story00001 "train": 400 steps; lost its first place at step 130 (checkpoint 100), moved at 250,
// succeeded. Its ledger, log and progress lie in the store. j-alive00001 "embed": runs at step 30 of 120.
void tell_story(FakeControlPlane& plane);
inline const JobId story_job{"j-story00001"};
inline const JobId live_job{"j-alive00001"};

// The moment at which the story is looked at.
Time story_now();

// The wall clock stands at story_now(); waits still end.
class StoryClock final : public Clock {
 public:
  Time now() const override { return story_now(); }
  Duration monotonic() const override { return real_.monotonic(); }

 private:
  io::SystemClock real_;
};

}  // namespace tradewind::server::testing
