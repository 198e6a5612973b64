#include "core/billing/budget.h"

#include <algorithm>

#include "core/billing/charge.h"

namespace tradewind::billing {

void Sum::add(Money amount) {
  if (is_empty_ && amount.nanos() != 0) {
    total_ = Money(0, amount.currency());
    is_empty_ = false;
  }
  if (amount.currency() == total_.currency()) {
    total_ += amount;
  } else if (amount.nanos() != 0) {
    left_out_ = true;
  }
}

Money spent(const JobRecord& job, const std::vector<LeaseRecord>& leases, Time now) {
  Sum sum;
  for (const LeaseRecord& lease : leases) {
    if (lease.job == job.id) sum.add(usage_cost(lease, now));
  }
  return sum.total();
}

BudgetState budget_state(const JobRecord& job, const std::vector<LeaseRecord>& leases, Time now) {
  BudgetState state;
  state.budget = job.spec.budget;
  state.spent = spent(job, leases, now);
  Sum per_hour;
  for (const LeaseRecord& lease : leases) {
    if (lease.job == job.id && lease.launched_at && !lease.ended_at) per_hour.add(lease.offer.price_per_hour);
  }
  state.per_hour = per_hour.total();
  if (!state.budget) return state;
  // A zero sum is in no currency in particular.
  const bool comparable = state.spent.currency() == state.budget->currency() || state.spent.nanos() == 0;
  if (!comparable) return state;
  state.left = *state.budget - Money(state.spent.nanos(), state.budget->currency());
  state.is_overdrawn = state.left->nanos() < 0;
  if (state.per_hour.nanos() > 0) {
    const double hours = std::max(0.0, state.left->as_double()) / state.per_hour.as_double();
    constexpr double hours_max = 24.0 * 365 * 100;
    state.lasts = duration_of_seconds(std::min(hours, hours_max) * 3600);
  }
  return state;
}

}  // namespace tradewind::billing
