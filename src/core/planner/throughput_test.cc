#include "core/planner/throughput.h"

#include <gtest/gtest.h>

namespace tradewind::planner {
namespace {

SpeedQuestion on(std::string_view model, double count, int nodes = 1) {
  return {model, catalog::find_accelerator(model), 0, count, nodes};
}

KnownRate known(RateSource source, const std::string& model, double count, double units_per_s) {
  return {source, model, 0, count, 1, units_per_s};
}

double tflops(std::string_view model) {
  return catalog::training_tflops(*catalog::find_accelerator(model));
}

TEST(Throughput, PrefersTheJobsOwnProgressToAllElse) {
  const std::vector<KnownRate> rates = {
      known(RateSource::stated_duration, "H100", 8, 1), known(RateSource::stated_rate, "H100", 8, 2),
      known(RateSource::earlier_run, "H100", 8, 3), known(RateSource::own_progress, "H100", 8, 4)};
  const Throughput throughput = estimate_throughput(on("H100", 8), rates, 0);
  EXPECT_EQ(throughput.source, RateSource::own_progress);
  EXPECT_DOUBLE_EQ(throughput.units_per_s, 4);
  EXPECT_EQ(describe(throughput), "measured in this job on 8 x H100");
}

TEST(Throughput, PrefersAStatementForTheAcceleratorToAMeasurementOnAnother) {
  const std::vector<KnownRate> rates = {known(RateSource::own_progress, "A100", 8, 4),
                                        known(RateSource::stated_rate, "H100", 0, 9)};
  const Throughput throughput = estimate_throughput(on("H100", 8), rates, 0);
  EXPECT_EQ(throughput.source, RateSource::stated_rate);
  EXPECT_DOUBLE_EQ(throughput.units_per_s, 9);
  EXPECT_EQ(describe(throughput), "your work.rate_per_s for H100");
}

TEST(Throughput, ScalesByPublishedRatesToAnotherAccelerator) {
  const std::vector<KnownRate> rates = {known(RateSource::own_progress, "A100", 8, 4)};
  const Throughput throughput = estimate_throughput(on("H100", 8), rates, 0);
  EXPECT_EQ(throughput.source, RateSource::scaled);
  EXPECT_NEAR(throughput.units_per_s, 4 * tflops("H100") / tflops("A100"), 1e-9);
  EXPECT_NEAR(throughput.units_per_s, 12.7, 0.1);  // 989 over 312 TFLOP/s
  EXPECT_EQ(describe(throughput), "measured in this job on 8 x A100, times 3.17 by published rates");
}

TEST(Throughput, GrowsALittleLessThanTheNumberOfAccelerators) {
  const std::vector<KnownRate> rates = {known(RateSource::earlier_run, "H100", 4, 1)};
  const Throughput throughput = estimate_throughput(on("H100", 8), rates, 0);
  EXPECT_EQ(throughput.source, RateSource::earlier_run);
  EXPECT_NEAR(throughput.units_per_s, 1.93, 0.01);
  EXPECT_NEAR(estimate_throughput(on("H100", 4, 2), rates, 0).units_per_s, 1.87, 0.01);
  EXPECT_EQ(describe(throughput),
            "measured in an earlier run on 4 x H100, times 1.93 for another number of accelerators");
}

TEST(Throughput, IsLessSureTheFurtherItIsFetched) {
  const std::vector<KnownRate> rates = {known(RateSource::own_progress, "H100", 8, 4)};
  const double same = estimate_throughput(on("H100", 8), rates, 0).cv;
  const double other_count = estimate_throughput(on("H100", 4), rates, 0).cv;
  const double other_model = estimate_throughput(on("A100", 8), rates, 0).cv;
  EXPECT_LT(same, other_count);
  EXPECT_LT(other_count, other_model);
  EXPECT_LT(other_model, estimate_throughput(on("H100", 8), {}, 1e12).cv);
}

TEST(Throughput, FollowsFromThePublishedRateWhereWorkIsCountedInFlop) {
  const Throughput throughput = estimate_throughput(on("H100", 1), {}, flop_per_unit("PFLOP"));
  EXPECT_EQ(throughput.source, RateSource::published);
  EXPECT_NEAR(throughput.units_per_s, tflops("H100") / 1000 * 0.4, 1e-9);
  EXPECT_EQ(flop_per_unit("step"), 0);
}

TEST(Throughput, IsUnknownWhereNothingLeadsToIt) {
  const std::vector<KnownRate> rates = {known(RateSource::stated_rate, "cpu", 0, 1)};
  EXPECT_EQ(estimate_throughput(on("H100", 1), rates, 0).source, RateSource::unknown);
  EXPECT_EQ(estimate_throughput({"NewChip", nullptr, 0, 1, 1}, rates, 1e12).units_per_s, 0);
  EXPECT_EQ(estimate_throughput({"cpu", nullptr, 0, 1, 1}, rates, 0).source, RateSource::stated_rate);
}

TEST(Throughput, TellsVariantsApartByMemory) {
  std::vector<KnownRate> rates = {known(RateSource::own_progress, "A100", 1, 4)};
  rates[0].memory_gib = 80;
  SpeedQuestion question = on("A100", 1);
  question.memory_gib = 40;
  EXPECT_EQ(estimate_throughput(question, rates, 0).source, RateSource::scaled);
  question.memory_gib = 80;
  EXPECT_EQ(estimate_throughput(question, rates, 0).source, RateSource::own_progress);
}

}  // namespace
}  // namespace tradewind::planner
