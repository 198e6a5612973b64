#include "core/planner/time_model.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "base/random.h"

namespace tradewind::planner {
namespace {

constexpr double hour = 3600;

// The process that the formulas describe, played once.
double play(const RunInputs& inputs, double interval_s, Random& random) {
  const double rate = inputs.hazard_per_s;
  const auto next = [&] { return rate > 0 ? random.exponential(1 / rate) : 1e300; };
  double clock = 0;
  const auto start = [&](double length) {
    double event = next();
    while (event < length) {
      clock += event + inputs.wait_s;
      event = next();
    }
    clock += length;
  };
  start(inputs.start_s + inputs.first_restore_s);
  double work_left = inputs.work_s;
  while (work_left > 1e-9) {
    const double segment = std::min(interval_s, work_left) + (inputs.saves ? inputs.save_s : 0);
    double done = 0;
    while (done < segment) {
      const double event = next();
      if (event >= segment - done) {
        clock += segment - done;
        done = segment;
        continue;
      }
      clock += event;
      done = random.chance(inputs.unnoticed) ? 0 : done + event;
      clock += inputs.wait_s;
      start(inputs.start_s + inputs.restore_s);
    }
    work_left -= interval_s;
  }
  return clock;
}

struct Played {
  double mean = 0;
  double p50 = 0;
  double p95 = 0;
};

Played play_often(const RunInputs& inputs, double interval_s) {
  Random random(7);
  std::vector<double> times(20'000);
  double sum = 0;
  for (double& time : times) sum += time = play(inputs, interval_s, random);
  std::ranges::sort(times);
  return {sum / static_cast<double>(times.size()), times[times.size() / 2], times[times.size() * 95 / 100]};
}

RunInputs spot_run() {
  RunInputs inputs;
  inputs.work_s = 20 * hour;
  inputs.start_s = 300;
  inputs.restore_s = 60;
  inputs.wait_s = 120;
  inputs.hazard_per_s = 0.3 / hour;
  inputs.saves = true;
  inputs.save_s = 30;
  inputs.interval_s = hour / 2;
  return inputs;
}

double sum_of_parts(const RunModel& run) {
  return run.work_s + run.start_s + run.restore_s + run.saving_s + run.rework_s + run.restarts_s +
         run.waiting_s;
}

TEST(TimeModel, UndisturbedRunTakesItsPartsAndNoMore) {
  RunInputs inputs;
  inputs.work_s = 2 * hour;
  inputs.start_s = 100;
  inputs.first_restore_s = 20;
  const RunModel run = model_run(inputs);
  EXPECT_DOUBLE_EQ(run.mean_s, 2 * hour + 120);
  EXPECT_DOUBLE_EQ(run.rework_s, 0);
  EXPECT_DOUBLE_EQ(run.restarts, 0);
  EXPECT_DOUBLE_EQ(run.interrupted, 0);
  EXPECT_NEAR(run.p50_s, run.mean_s, 1);
  EXPECT_NEAR(run.p95_s, run.mean_s + 1.645 * 30, 1);  // only the start varies
}

TEST(TimeModel, PartsSumToTheMean) {
  const RunModel run = model_run(spot_run());
  EXPECT_NEAR(sum_of_parts(run), run.mean_s, 1e-6);
  EXPECT_NEAR(run.saving_s, 40 * 30, 1e-9);
  EXPECT_NEAR(run.saves, 40, 1e-9);
}

TEST(TimeModel, AgreesWithThePlayedProcess) {
  const RunInputs inputs = spot_run();
  const RunModel run = model_run(inputs);
  const Played played = play_often(inputs, *inputs.interval_s);
  EXPECT_NEAR(run.mean_s / played.mean, 1, 0.005);
  EXPECT_NEAR(run.p50_s / played.p50, 1, 0.01);
  EXPECT_NEAR(run.p95_s / played.p95, 1, 0.02);
}

TEST(TimeModel, AgreesWithThePlayedProcessWhereMostLossesAreNoticed) {
  RunInputs inputs = spot_run();
  inputs.unnoticed = 0.1;
  inputs.hazard_per_s = 1.0 / hour;
  const RunModel run = model_run(inputs);
  const Played played = play_often(inputs, *inputs.interval_s);
  EXPECT_NEAR(run.mean_s / played.mean, 1, 0.01);
  EXPECT_NEAR(run.p95_s / played.p95, 1, 0.03);
}

TEST(TimeModel, AgreesWithThePlayedProcessWithoutCheckpoints) {
  RunInputs inputs = spot_run();
  inputs.saves = false;
  inputs.work_s = 5 * hour;
  const RunModel run = model_run(inputs);
  const Played played = play_often(inputs, inputs.work_s);
  EXPECT_NEAR(run.mean_s / played.mean, 1, 0.02);
  EXPECT_NEAR(run.p95_s / played.p95, 1,
              0.15);  // far from lognormal: the start of each try is all or nothing
}

TEST(TimeModel, AgreesWithThePlayedProcessWhenStartsAreInterrupted) {
  RunInputs inputs = spot_run();
  inputs.hazard_per_s = 3.0 / hour;
  inputs.start_s = 900;
  inputs.work_s = 2 * hour;
  inputs.interval_s = 600;
  const RunModel run = model_run(inputs);
  const Played played = play_often(inputs, 600);
  EXPECT_NEAR(run.mean_s / played.mean, 1, 0.02);
  EXPECT_NEAR(run.p95_s / played.p95, 1, 0.05);
}

TEST(TimeModel, SaysWhenInterruptionsOutrunTheWork) {
  RunInputs inputs = spot_run();
  inputs.saves = false;
  inputs.work_s = 200 * hour;
  EXPECT_FALSE(is_finite(model_run(inputs)));
  inputs.hazard_per_s = 1e3;
  EXPECT_FALSE(is_finite(model_run(inputs)));
}

TEST(TimeModel, TakesYoungsIntervalWhenNoneIsGiven) {
  RunInputs inputs = spot_run();
  inputs.interval_s.reset();
  EXPECT_NEAR(model_run(inputs).interval_s, std::sqrt(2 * 30 / (0.3 / hour)), 1e-9);
  inputs.work_s = 60;
  EXPECT_DOUBLE_EQ(model_run(inputs).interval_s, 60);  // never longer than the work
}

TEST(TimeModel, YoungsIntervalIsNearTheBestOne) {
  RunInputs inputs = spot_run();
  inputs.interval_s.reset();
  const double automatic = model_run(inputs).mean_s;
  double best = automatic;
  for (int step = 0; step < 120; ++step) {
    inputs.interval_s = 60 * std::pow(1.05, step);  // a minute to five hours
    best = std::min(best, model_run(inputs).mean_s);
  }
  EXPECT_LT(automatic / best, 1.001);
}

TEST(TimeModel, MoreHazardNeverMakesARunShorter) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    RunInputs inputs;
    inputs.work_s = 60 + random.unit() * 100 * hour;
    inputs.start_s = random.unit() * 900;
    inputs.restore_s = random.unit() * 900;
    inputs.wait_s = random.unit() * 100;
    inputs.saves = random.chance(0.8);
    inputs.save_s = 0.1 + random.unit() * 300;
    inputs.unnoticed = random.chance(0.5) ? 1 : 0.1;
    double last = 0;
    for (int step = 0; step < 42; ++step) {
      const double per_hour = 1e-6 * std::pow(1.5, step);  // up to 16
      inputs.hazard_per_s = per_hour / hour;
      const RunModel run = model_run(inputs);
      if (!is_finite(run)) break;
      ASSERT_GE(run.mean_s, last * (1 - 1e-12)) << "case " << i << ", " << per_hour << " an hour";
      last = run.mean_s;
    }
  }
}

TEST(TimeModel, ProbabilityOfBeingLaterFollowsTheQuantiles) {
  const RunModel run = model_run(spot_run());
  EXPECT_NEAR(probability_later(run, run.p50_s), 0.5, 1e-9);
  EXPECT_NEAR(probability_later(run, run.p95_s), 0.05, 1e-9);
  EXPECT_DOUBLE_EQ(probability_later(run, -1), 1);
  EXPECT_LT(probability_later(run, 2 * run.p95_s), 1e-3);
}

}  // namespace
}  // namespace tradewind::planner
