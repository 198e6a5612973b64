#include "core/planner/queue_wait.h"

#include <algorithm>
#include <cmath>

namespace tradewind::planner {
namespace {

constexpr double z95 = 1.6448536269514722;  // 95 % quantile of the normal distribution
// Our assumptions: below a minute no estimate is sharp; the guess weighs as much as four waits that were
// seen.
constexpr double calm_s = 60;
constexpr double guess_weight = 4;
const double guess_sigma = std::log(3.0) / z95;

double log_ratio(const QueueSample& sample) {
  return std::log((sample.waited_s + calm_s) / (sample.estimated_s + calm_s));
}

// Of the standard normal distribution: the chance of more than z.
double above(double z) {
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

}  // namespace

QueueWait::QueueWait(Duration estimate, std::span<const QueueSample> history) : samples_(history.size()) {
  double sum = 0;
  for (const QueueSample& sample : history) sum += log_ratio(sample);
  const double weight = guess_weight + static_cast<double>(history.size());
  const double mean = sum / weight;
  double squares = guess_weight * (guess_sigma * guess_sigma + mean * mean);
  for (const QueueSample& sample : history) {
    const double apart = log_ratio(sample) - mean;
    squares += apart * apart;
  }
  scale_s_ = (seconds_of(estimate) + calm_s) * std::exp(mean);
  sigma_ = std::sqrt(squares / weight);
}

double QueueWait::quantile_s(double z) const {
  return scale_s_ == 0 ? 0 : std::max(0.0, scale_s_ * std::exp(z * sigma_) - calm_s);
}

double QueueWait::p50_s() const {
  return quantile_s(0);
}

double QueueWait::p95_s() const {
  return quantile_s(z95);
}

double QueueWait::mean_s() const {
  return scale_s_ == 0 ? 0 : std::max(0.0, scale_s_ * std::exp(sigma_ * sigma_ / 2) - calm_s);
}

double QueueWait::variance() const {
  const double square = sigma_ * sigma_;
  return scale_s_ * scale_s_ * std::exp(square) * std::expm1(square);
}

// E[X | X > x] = e^(μ+σ²/2) · P(Z > (ln x - μ)/σ - σ) / P(Z > (ln x - μ)/σ) of a lognormal X.
double QueueWait::rest_s(double waited_s) const {
  if (scale_s_ == 0) return 0;
  const double x = waited_s + calm_s;
  const double z = std::log(x / scale_s_) / sigma_;
  constexpr double far_out = 30;  // beyond it the chances are too small for doubles; their ratio is known
  if (z > far_out) return x * sigma_ / (z - sigma_);
  const double mean = scale_s_ * std::exp(sigma_ * sigma_ / 2);
  return std::max(0.0, mean * above(z - sigma_) / above(z) - x);
}

// The w with P(Z > z(w)) = 0.05 · P(Z > z(waited)), found by halving: it lies within factors of e^(tσ) of x.
double QueueWait::rest_p95_s(double waited_s) const {
  if (scale_s_ == 0) return 0;
  const double x = waited_s + calm_s;
  const double z = std::log(x / scale_s_) / sigma_;
  constexpr double far_out = 30;
  if (z > far_out) return x * std::expm1(sigma_ * std::log(20.0) / z);
  const double wanted = 0.05 * above(z);
  double low = z;
  double high = z + 4;  // the ratio falls fastest around and above the median
  while (above(high) > wanted) high += 4;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (above(middle) > wanted ? low : high) = middle;
  }
  return std::max(0.0, scale_s_ * std::exp(high * sigma_) - x);
}

}  // namespace tradewind::planner
