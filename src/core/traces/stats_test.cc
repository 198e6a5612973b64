#include "core/traces/stats.h"

#include <cmath>
#include <gtest/gtest.h>

#include "base/random.h"
#include "core/traces/synthesise.h"

namespace tradewind::traces {
namespace {

Trace of_bits(std::string_view bits, double tick_s = 600) {
  Trace trace;
  trace.id = "t";
  trace.tick_s = tick_s;
  for (const char c : bits) append(trace.runs, c - '0', 1);
  return trace;
}

TEST(Stats, CountSpellsAndWhatTheyLasted) {
  const TraceStats stats = stats_of(of_bits("1100011110"), 1);
  EXPECT_EQ(stats.observed_s, 6000);
  EXPECT_DOUBLE_EQ(stats.share_up, 0.6);
  EXPECT_EQ(stats.losses, 2);
  EXPECT_EQ(stats.recoveries, 1);
  EXPECT_DOUBLE_EQ(*stats.mean_up_s, 1800);
  EXPECT_DOUBLE_EQ(*stats.mean_down_s, 2400)
      << "the spell that the end cuts off counts with what was seen of it";
  EXPECT_DOUBLE_EQ(stats.longest_up_s, 2400);
  EXPECT_DOUBLE_EQ(stats.longest_down_s, 1800);
}

TEST(Stats, HazardIsLossesByTimeAtThatAge) {
  const TraceStats stats = stats_of(of_bits("010"
                                            "1111"
                                            "0"
                                            "11"),
                                    1);
  // Spells of 600 and 2400 s that were lost, one of 1200 s that was not.
  EXPECT_DOUBLE_EQ(stats.by_age[0].observed_s, 600 + 900 + 900);
  EXPECT_EQ(stats.by_age[0].losses, 1);
  EXPECT_DOUBLE_EQ(*stats.by_age[0].hazard_per_h(), 1.5);
  EXPECT_DOUBLE_EQ(stats.by_age[1].observed_s, 1500 + 300);
  EXPECT_EQ(stats.by_age[1].losses, 1);
  EXPECT_FALSE(stats.by_age[5].hazard_per_h());
}

TEST(Stats, ShapeIsThatOfTheLawThatSpellsFollow) {
  Random random(5);
  for (const double shape : {0.5, 1.0, 2.0}) {
    Trace trace;
    trace.tick_s = 1;
    for (int i = 0; i < 4000; ++i) {
      const double spell = 5000 * std::pow(random.exponential(1), 1 / shape);  // Weibull
      append(trace.runs, i % 2, static_cast<std::int64_t>(std::max(1.0, std::round(spell))));
    }
    const TraceStats stats = stats_of(trace, 1);
    ASSERT_TRUE(stats.up_shape && stats.down_shape);
    EXPECT_NEAR(*stats.up_shape / shape, 1, 0.06);
    EXPECT_NEAR(*stats.down_shape / shape, 1, 0.06);
  }
  EXPECT_FALSE(stats_of(of_bits("010101"), 1).up_shape) << "too few to tell";
}

TEST(Stats, AZoneThatNeverChangesHasNoMeanSpell) {
  const TraceStats stats = stats_of(of_bits("0000"), 1);
  EXPECT_EQ(stats.share_up, 0);
  EXPECT_FALSE(stats.mean_up_s);
  EXPECT_FALSE(stats.mean_down_s);
}

TEST(Stats, CorrelationOfZonesThatFallTogetherIsOne) {
  EXPECT_DOUBLE_EQ(*correlation(of_bits("1100"), of_bits("1100"), 1), 1);
  EXPECT_DOUBLE_EQ(*correlation(of_bits("1100"), of_bits("0011"), 1), -1);
  EXPECT_NEAR(*correlation(of_bits("1100"), of_bits("1010"), 1), 0, 1e-12);
  EXPECT_FALSE(correlation(of_bits("1100"), of_bits("1111"), 1));
  EXPECT_DOUBLE_EQ(*correlation(of_bits("1100"), of_bits("11110000", 300), 1), 1);
}

TEST(Synthesis, IsTheSameForTheSameSeed) {
  Random a(4);
  Random b(4);
  EXPECT_EQ(synthesise(synthetic_zones(), {}, 100, 300, a), synthesise(synthetic_zones(), {}, 100, 300, b));
}

// The figures of the traces that it is fitted to: synthesise.h.
TEST(Synthesis, LooksLikeWhatItIsFittedTo) {
  Random random(1);
  const std::vector<SyntheticZone> zones = synthetic_zones();
  const std::vector<Trace> traces = synthesise(zones, {}, 40'000, 300, random);
  std::vector<double> same;
  std::vector<double> other;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    ASSERT_TRUE(check(traces[i]).ok());
    const TraceStats stats = stats_of(traces[i], 1);
    EXPECT_GT(stats.share_up, 0.08) << traces[i].id;
    EXPECT_LT(stats.share_up, 0.95) << traces[i].id;
    EXPECT_NEAR(std::log(*stats.mean_up_s / zones[i].mean_up_s), 0, 0.35)
        << traces[i].id << " " << *stats.mean_up_s / zones[i].mean_up_s;
    EXPECT_NEAR(std::log(*stats.mean_down_s / zones[i].mean_down_s), 0, 0.35)
        << traces[i].id << " " << *stats.mean_down_s / zones[i].mean_down_s;
    EXPECT_GT(*stats.by_age[0].hazard_per_h(), 1.5 * *stats.by_age[3].hazard_per_h())
        << "hazard falls with age";
    for (std::size_t j = 0; j < i; ++j) {
      (zones[i].region == zones[j].region ? same : other).push_back(*correlation(traces[i], traces[j], 1));
    }
  }
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  EXPECT_GT(mean(same), 0.3);
  EXPECT_LT(mean(same), 0.6);
  EXPECT_GT(mean(other), 0.08);
  EXPECT_LT(mean(other), 0.26);
}

TEST(Synthesis, AGangsZoneHasAllItsNodesOrFewer) {
  Random random(2);
  SyntheticLaw law;
  law.nodes = 4;
  const std::vector<Trace> traces = synthesise(synthetic_zones(), law, 2000, 300, random);
  for (const Trace& trace : traces) {
    EXPECT_TRUE(check(trace).ok());
    EXPECT_GT(stats_of(trace, 4).losses, 0);
  }
}

}  // namespace
}  // namespace tradewind::traces
