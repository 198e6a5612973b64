// How fast a job runs on an accelerator, and how that is known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/accelerators.h"
#include "core/model/job.h"

namespace tradewind::planner {

// Best first.
enum class RateSource {
  own_progress,     // this job, on this accelerator
  earlier_run,      // a run of the same name, on this accelerator
  stated_rate,      // work.rate_per_s
  stated_duration,  // duration, on the accelerator that was asked for first
  scaled,           // one of those on another accelerator, times the ratio of published rates
  published,        // the published rate times a usual utilisation (work counted in FLOP)
  unknown,
};
std::string_view to_text(RateSource source);

// A rate that was seen or stated, of the whole job.
struct KnownRate {
  RateSource source = RateSource::own_progress;
  std::string model;      // as offers spell it; "cpu" where no accelerator is used
  double memory_gib = 0;  // of one accelerator; 0: any
  double count = 1;       // accelerators per node
  int nodes = 1;
  double units_per_s = 0;
};

struct Throughput {
  double units_per_s = 0;  // of the whole job; 0: unknown
  RateSource source = RateSource::unknown;
  // Standard deviation over value, by source. Our assumptions: 3 % own progress, 5 % earlier run, 10 % stated
  // rate, 15 % stated duration, 10 % more for another count, 25 % more for another accelerator, 40 %
  // published.
  double cv = 0;
  KnownRate base = {};  // what it rests on; means nothing for published and unknown
  double ratio = 1;     // units_per_s over the base's
};

// The machine whose rate is asked for.
struct SpeedQuestion {
  std::string_view model;                            // "cpu" where the job uses no accelerator
  const catalog::AcceleratorFacts* facts = nullptr;  // nullptr: not in the table
  double memory_gib = 0;
  double count = 1;  // per node
  int nodes = 1;
};

// Picks the best known rate for the machine, scaling it where it must. `flop_per_unit` > 0 allows the
// published rate.
Throughput estimate_throughput(const SpeedQuestion& question, std::span<const KnownRate> rates,
                               double flop_per_unit);

// Rate on count·nodes accelerators over the rate on one known configuration: (count ratio)^0.95 within nodes,
// (node ratio)^0.90 between them. Doubling gives 1.93 and 1.87 times the rate. Our assumption, in the range
// that data-parallel training shows; the job's own progress takes its place.
double scaling(double count, double known_count, int nodes, int known_nodes);

// Share of the published dense rate that training reaches where nothing else is known. Our assumption; "The
// Llama 3 Herd of Models" (2024), table 4, reports 38 to 43 %.
inline constexpr double usual_utilisation = 0.4;

// FLOP in one unit of work: "flop", "gflop", "tflop", "pflop", "eflop", "zflop" in any case. 0: another unit.
double flop_per_unit(std::string_view unit);

// "measured on 8 x H100 in this job", "from your work.rate_per_s", "duration on 1 x A100, times 3.17 by
// published rates" …
std::string describe(const Throughput& throughput);

}  // namespace tradewind::planner
