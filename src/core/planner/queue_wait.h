// How long a submission waits in a supplier's queue: the supplier's own estimate, corrected by how its
// estimates came true before.
//
// Waits are taken to be lognormal around the estimate: (wait + calm) / (estimate + calm) = e^(μ + σz). Each
// wait that was seen gives one sample of the left side's logarithm; before there are any, μ is 0 and σ such
// that one wait in twenty is over three times the estimate. docs/planning.md, "Queues".
#pragma once

#include <span>

#include "base/time.h"

namespace tradewind::planner {

// A wait that was seen to its end.
struct QueueSample {
  double estimated_s = 0;  // by the supplier, at the submission
  double waited_s = 0;
  bool operator==(const QueueSample&) const = default;
};

class QueueWait {
 public:
  QueueWait() = default;  // none
  // REQUIRES: nothing is negative
  QueueWait(Duration estimate, std::span<const QueueSample> history);

  double p50_s() const;
  double p95_s() const;
  double mean_s() const;
  double variance() const;  // seconds²
  // Expected seconds still to wait for one that has waited so long already.
  double rest_s(double waited_s) const;
  // The seconds within which 95 of 100 such waits are over.
  double rest_p95_s(double waited_s) const;
  std::size_t samples() const { return samples_; }
  bool operator==(const QueueWait&) const = default;

 private:
  double quantile_s(double z) const;

  double scale_s_ = 0;  // median of wait + calm; 0: there is no queue
  double sigma_ = 0;
  std::size_t samples_ = 0;
};

}  // namespace tradewind::planner
