// How long a run takes on a machine that may be lost: expected parts, p50 and p95. Closed formulas, no
// sampling.
//
// Interruptions are a Poisson process. Work is done in segments: `interval` of work, then a save. An
// interruption that was noticed early enough loses no work; any other one loses the segment so far. After
// each, a new machine is awaited and started and the checkpoint is restored, and that may be interrupted too.
// A machine may also have to be queued for, and may be given for a limited time only: then each launch waits,
// and the run goes on in as many allocations as it takes.
// The expectations are those of J. T. Daly, "A higher order estimate of the optimum checkpoint interval for
// restart dumps" (FGCS 22, 2006), section 3, taken apart into their causes. docs/planning.md derives them.
#pragma once

#include <limits>
#include <optional>

namespace tradewind::planner {

// Seconds, all of them not negative.
struct RunInputs {
  double work_s = 0;           // at the estimated rate, undisturbed
  double rate_cv = 0;          // standard deviation of the rate's estimate over its value
  double start_s = 0;          // launch to the program's first second: cold start and setup
  double first_restore_s = 0;  // of the checkpoint that there is already
  double restore_s = 0;        // of a later one
  double wait_s = 0;           // from an interruption to the next launch; not billed
  double hazard_per_s = 0;     // of the whole gang
  double unnoticed = 1;        // share of the interruptions that lose unsaved work
  bool saves = false;          // false: an interruption loses everything since the start
  double save_s = 0;           // what one save costs the run
  std::optional<double> interval_s = std::nullopt;  // of work between saves; nothing: young_interval()
  double queue_s = 0;                               // mean wait in the queue before each start; not billed
  double queue_variance = 0;                        // seconds²
  double limit_s = std::numeric_limits<double>::infinity();  // that one allocation lasts
};

// Expected seconds unless said otherwise.
struct RunModel {
  double work_s = 0;
  double start_s = 0;      // first start, undisturbed
  double restore_s = 0;    // first restore, undisturbed
  double saving_s = 0;     // taking checkpoints
  double rework_s = 0;     // work and saves that interruptions destroyed
  double restarts_s = 0;   // starts and restores after interruptions, interrupted ones too
  double queue_s = 0;      // in the queue before the first start; not billed
  double waiting_s = 0;    // for the next machine, in the queue too; not billed
  double interval_s = 0;   // the interval used
  double unnoticed = 1;    // as in the inputs
  double saves = 0;        // number of checkpoints
  double restarts = 0;     // number of launches after the first, continuations among them
  double continued = 0;    // number of those that a time limit caused
  double mean_s = 0;       // of the whole run
  double p50_s = 0;        // of the lognormal distribution with the run's mean and variance
  double p95_s = 0;        //
  double interrupted = 0;  // probability of at least one interruption
};

// Whether the run can be expected to end: false when interruptions or time limits outrun it (more than 20
// years).
bool is_finite(const RunModel& run);
RunModel model_run(const RunInputs& inputs);

// sqrt(2 · save / hazard): J. W. Young, "A first order approximation to the optimum checkpoint interval"
// (CACM 17, 1974). `hazard_per_s` counts what loses work. At least save_s; infinite without a hazard.
double young_interval(double save_s, double hazard_per_s);

// Probability that a run ends after `limit_s`, by the same distribution.
double probability_later(const RunModel& run, double limit_s);

}  // namespace tradewind::planner
