// A credential that is asked for again before it ends.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace tradewind::cloud {

// Renewed so long before it ends, as the suppliers' own tools do: a request under way must not outlive it.
constexpr Duration renewal_lead = std::chrono::minutes(5);

// `Credential` has `std::optional<Time> expires_at`; without one it lasts. Safe from several threads at once.
template <class Credential>
class Renewed {
 public:
  // REQUIRES: clock outlives this.
  explicit Renewed(const Clock& clock) : clock_(clock) {}

  // The one in use, or what `look` finds. While that fails, what still holds is given.
  template <class Look>
  Result<Credential> get(const Look& look) {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    if (held_ && is_fresh(now, renewal_lead)) return *held_;
    Result<Credential> found = look();
    if (found.ok()) {
      held_ = *found;
    } else if (held_ && is_fresh(now, Duration(0))) {
      return *held_;
    }
    return found;
  }

  // If the one in use is such: the next get() looks anew.
  template <class Is>
  void forget_if(const Is& is) {
    const std::lock_guard lock(mutex_);
    if (held_ && is(*held_)) held_.reset();
  }

 private:
  bool is_fresh(Time now, Duration lead) const {
    return !held_->expires_at || now + lead < *held_->expires_at;
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Credential> held_;  // protected by mutex_
};

}  // namespace tradewind::cloud
