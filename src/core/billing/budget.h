// What a job has spent so far, and how long its budget lasts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/records.h"

namespace tradewind::billing {

// A sum of amounts in one currency: that of the first that is not zero. Others cannot be added to it; they
// are named.
class Sum {
 public:
  void add(Money amount);
  Money total() const { return total_; }
  bool left_out() const { return left_out_; }

 private:
  Money total_;
  bool is_empty_ = true;
  bool left_out_ = false;
};

// At the leases' own prices; of `leases` only those of the job count, running ones up to now.
Money spent(const JobRecord& job, const std::vector<LeaseRecord>& leases, Time now);

struct BudgetState {
  std::optional<Money> budget;
  Money spent;
  Money per_hour;             // what its running leases cost an hour
  std::optional<Money> left;  // nothing without a budget; negative once overdrawn
  std::optional<Duration>
      lasts;  // how long until it is spent at this pace; nothing without a budget or a running lease
  bool is_overdrawn = false;  // spent more than the budget
};
BudgetState budget_state(const JobRecord& job, const std::vector<LeaseRecord>& leases, Time now);

}  // namespace tradewind::billing
