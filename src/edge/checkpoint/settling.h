// When a folder that a program writes to may be read: what its times can tell, and how long it is waited for.
#pragma once

#include <chrono>
#include <cstdint>

namespace tradewind::checkpoint {

constexpr int settling_tries = 8;
constexpr std::chrono::milliseconds settling_first_wait{20};  // doubled each time: 5 s in all

// Linux stamps files with a clock that ticks at least every 10 ms: of two writes within a tick the second
// leaves no trace. So a file is trusted only when its last change is older than this.
constexpr std::chrono::nanoseconds settling_tick = std::chrono::milliseconds(20);

// Whether a further write to a file that was last changed then might not have shown at `looked_at`. A time in
// the future is a clock that was set back, and no reason to wait.
inline bool may_hide_a_write(std::int64_t changed_ns, std::chrono::system_clock::time_point looked_at) {
  const auto age = looked_at.time_since_epoch() - std::chrono::nanoseconds(changed_ns);
  return age < settling_tick && age > -2 * settling_tick;
}

}  // namespace tradewind::checkpoint
