#include "core/planner/time_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tradewind::planner {
namespace {

constexpr double z95 = 1.6448536269514722;  // 95 % quantile of the normal distribution
constexpr double start_cv = 0.3;            // our assumption: starts vary by a third
constexpr double run_s_max = 20 * 365.25 * 86400;

// A stretch of seconds that an event begins anew, until it was got through.
struct Stretch {
  double mean = 0;      // (e^x - 1) / λ, x = λ·length
  double variance = 0;  // (e^2x - 2·x·e^x - 1) / λ²
  double failures = 0;  // expected, e^x - 1
};

Stretch stretch_of(double length, double rate) {
  const double x = rate * length;
  const double failures = std::expm1(x);
  if (x < 1e-3) return {length * (1 + x / 2), length * length * length * rate / 3, failures};
  const double variance = (failures * (failures + 2) - 2 * x * (failures + 1)) / (rate * rate);
  return {failures / rate, std::max(variance, 0.0), failures};
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

// Where an event falls within a segment that it ends early: the exponential distribution cut off at `length`.
Moments truncated_exponential(double length, double rate, double failures) {
  const double x = rate * length;
  if (x < 1e-2) {
    const double mean = length / 2 * (1 - x / 6);
    return {mean, length * length / 3 * (1 - x / 4) - mean * mean};
  }
  const double mean = 1 / rate - length / failures;
  const double square = 2 / (rate * rate) - length * (length + 2 / rate) / failures;
  return {mean, std::max(square - mean * mean, 0.0)};
}

double interval_of(const RunInputs& inputs) {
  if (!inputs.saves) return inputs.work_s;
  const double wanted = inputs.interval_s
                            ? *inputs.interval_s
                            : young_interval(inputs.save_s, inputs.hazard_per_s * inputs.unnoticed);
  return std::min(std::max(wanted, 1e-3), inputs.work_s);
}

// How many allocations the run takes after the first: each gives its limit less start and restore. What
// cannot save ends in the first or never.
double continuations(const RunInputs& inputs, double computing_s) {
  if (!std::isfinite(inputs.limit_s)) return 0;
  const double first_s = inputs.limit_s - inputs.start_s - inputs.first_restore_s;
  if (computing_s <= first_s) return 0;
  const double later_s = inputs.limit_s - inputs.start_s - inputs.restore_s;
  if (!inputs.saves || first_s <= 0 || later_s <= 0) return std::numeric_limits<double>::infinity();
  return std::ceil((computing_s - first_s) / later_s);
}

// Fills everything but the distribution and returns the variance.
double fill_expectations(RunModel& run, const RunInputs& inputs) {
  const double losing_rate = inputs.hazard_per_s * inputs.unnoticed;
  const double segments = run.work_s > 0 ? run.work_s / run.interval_s : 0;
  const double save_s = inputs.saves ? inputs.save_s : 0;
  const double segment_s = run.interval_s + save_s;

  const Stretch segment = stretch_of(segment_s, losing_rate);
  const double computing_s = segments * segment.mean;
  run.saves = inputs.saves ? segments : 0;
  run.saving_s = segments * save_s;
  run.rework_s = std::max(computing_s - run.work_s - run.saving_s, 0.0);

  const Stretch restart = stretch_of(inputs.start_s + inputs.restore_s, inputs.hazard_per_s);
  const double tries = 1 + restart.failures;
  const double losses = inputs.hazard_per_s * computing_s;
  const double first_s = inputs.start_s + inputs.first_restore_s;
  const Stretch first = stretch_of(first_s, inputs.hazard_per_s);
  run.continued = continuations(inputs, computing_s);
  run.restarts = losses * tries + first.failures + run.continued;
  run.restarts_s = losses * restart.mean + std::max(first.mean - first_s, 0.0) +
                   (run.continued > 0 ? run.continued * (inputs.start_s + inputs.restore_s) : 0);
  const double wait_s = inputs.wait_s + inputs.queue_s;
  run.waiting_s = run.restarts * wait_s;
  run.queue_s = inputs.queue_s;
  run.mean_s = run.queue_s + first_s + computing_s + run.restarts_s + run.waiting_s;
  run.interrupted = -std::expm1(-inputs.hazard_per_s * (first_s + run.work_s + run.saving_s));

  // A segment is tried again a geometric number of times; each failure costs what was done and a restart.
  const double again_mean = restart.mean + tries * wait_s;
  const Moments lost = truncated_exponential(segment_s, losing_rate, segment.failures);
  const double loss_mean = lost.mean + again_mean;
  double variance = segments * segment.failures *
                    (lost.variance + restart.variance + (1 + segment.failures) * loss_mean * loss_mean);
  const double noticed = losses * (1 - inputs.unnoticed);
  variance += noticed * (restart.variance + again_mean * again_mean);
  variance += (1 + run.restarts) * inputs.queue_variance;
  const double start_deviation = start_cv * inputs.start_s;
  const double work_deviation = inputs.rate_cv * run.work_s;
  return variance + first.variance + start_deviation * start_deviation + work_deviation * work_deviation;
}

// Standard deviation of the logarithm, from the quantiles that are kept.
double log_sigma(const RunModel& run) {
  return std::log(run.p95_s / run.p50_s) / z95;
}

}  // namespace

double young_interval(double save_s, double hazard_per_s) {
  if (hazard_per_s <= 0) return std::numeric_limits<double>::infinity();
  return std::max(std::sqrt(2 * save_s / hazard_per_s), save_s);
}

RunModel model_run(const RunInputs& inputs) {
  RunModel run;
  run.work_s = inputs.work_s;
  run.start_s = inputs.start_s;
  run.restore_s = inputs.first_restore_s;
  run.interval_s = interval_of(inputs);
  run.unnoticed = inputs.unnoticed;
  const double variance = fill_expectations(run, inputs);
  if (!is_finite(run) || run.mean_s <= 0) return run;
  // Lognormal with this mean m and variance v: sigma² = ln(1 + v/m²), median m / sqrt(1 + v/m²).
  const double spread = 1 + variance / (run.mean_s * run.mean_s);
  run.p50_s = run.mean_s / std::sqrt(spread);
  run.p95_s = run.p50_s * std::exp(z95 * std::sqrt(std::log(spread)));
  return run;
}

bool is_finite(const RunModel& run) {
  return std::isfinite(run.mean_s) && run.mean_s <= run_s_max;
}

double probability_later(const RunModel& run, double limit_s) {
  if (limit_s <= 0) return 1;
  const double sigma = log_sigma(run);
  if (!(sigma > 0)) return run.mean_s > limit_s ? 1 : 0;
  return 0.5 * std::erfc(std::log(limit_s / run.p50_s) / sigma / std::sqrt(2.0));
}

}  // namespace tradewind::planner
