#include "core/traces/stats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tradewind::traces {
namespace {

constexpr std::array<double, 6> band_ends_s = {900,       3600,      3 * 3600,
                                               10 * 3600, 30 * 3600, std::numeric_limits<double>::infinity()};

struct Spell {
  bool up = false;
  double seconds = 0;
};

std::vector<Spell> spells_of(const Trace& trace, int nodes) {
  std::vector<Spell> spells;
  for (const Stretch& stretch : trace.runs) {
    const bool up = stretch.nodes >= nodes;
    if (spells.empty() || spells.back().up != up) spells.push_back({up, 0});
    spells.back().seconds += static_cast<double>(stretch.ticks) * trace.tick_s;
  }
  return spells;
}

std::vector<AgeBand> empty_bands() {
  std::vector<AgeBand> bands;
  double from = 0;
  for (const double to : band_ends_s) {
    bands.push_back({from, to, 0, 0});
    from = to;
  }
  return bands;
}

void count_age(std::vector<AgeBand>& bands, double seconds, bool lost) {
  for (AgeBand& band : bands) {
    if (seconds <= band.from_s) return;
    band.observed_s += std::min(seconds, band.to_s) - band.from_s;
    if (lost && seconds <= band.to_s) ++band.losses;
  }
}

struct Lifetime {
  double seconds = 0;
  bool ended = false;
};

// The root of the likelihood's derivative in the shape k, the scale taken out (Kalbfleisch and Prentice, "The
// Statistical Analysis of Failure Time Data", section 3.6): Σ t^k ln t / Σ t^k - 1/k = the mean of ln t over
// those that ended; the sums are over all. The left side grows with k.
std::optional<double> weibull_shape(const std::vector<Lifetime>& lives) {
  double longest = 0;
  double log_sum = 0;
  std::int64_t ended = 0;
  for (const Lifetime& life : lives) {
    longest = std::max(longest, life.seconds);
    ended += life.ended ? 1 : 0;
  }
  if (ended < shape_spells_min) return std::nullopt;
  for (const Lifetime& life : lives) log_sum += life.ended ? std::log(life.seconds / longest) : 0;
  const double mean_log = log_sum / static_cast<double>(ended);
  const auto excess = [&](double shape) {
    double weights = 0;
    double weighted = 0;
    for (const Lifetime& life : lives) {
      const double log = std::log(life.seconds / longest);
      const double weight = std::exp(shape * log);
      weights += weight;
      weighted += weight * log;
    }
    return weighted / weights - 1 / shape - mean_log;
  };
  double low = 0.02;
  double high = 50;
  if (excess(low) > 0 || excess(high) < 0) return std::nullopt;  // all spells as good as alike
  for (int i = 0; i < 60; ++i) {
    const double middle = std::sqrt(low * high);
    (excess(middle) < 0 ? low : high) = middle;
  }
  return low;
}

// The first spell began before the trace: its length is not known.
std::optional<double> shape_of(const std::vector<Spell>& spells, bool up) {
  std::vector<Lifetime> lives;
  for (std::size_t i = 1; i < spells.size(); ++i) {
    if (spells[i].up == up) lives.push_back({spells[i].seconds, i + 1 < spells.size()});
  }
  return weibull_shape(lives);
}

}  // namespace

std::optional<double> AgeBand::hazard_per_h() const {
  if (observed_s <= 0) return std::nullopt;
  return static_cast<double>(losses) * 3600 / observed_s;
}

TraceStats stats_of(const Trace& trace, int nodes) {
  TraceStats stats;
  stats.by_age = empty_bands();
  const std::vector<Spell> spells = spells_of(trace, nodes);
  double up_s = 0;
  for (std::size_t i = 0; i < spells.size(); ++i) {
    const bool ended = i + 1 < spells.size();
    stats.observed_s += spells[i].seconds;
    double& longest = spells[i].up ? stats.longest_up_s : stats.longest_down_s;
    longest = std::max(longest, spells[i].seconds);
    if (spells[i].up) {
      up_s += spells[i].seconds;
      stats.losses += ended ? 1 : 0;
      // The age of capacity that was up when the trace began is not known.
      if (i > 0) count_age(stats.by_age, spells[i].seconds, ended);
    } else {
      stats.recoveries += ended ? 1 : 0;
    }
  }
  stats.up_shape = shape_of(spells, true);
  stats.down_shape = shape_of(spells, false);
  stats.share_up = stats.observed_s > 0 ? up_s / stats.observed_s : 0;
  if (stats.losses > 0) stats.mean_up_s = up_s / static_cast<double>(stats.losses);
  if (stats.recoveries > 0)
    stats.mean_down_s = (stats.observed_s - up_s) / static_cast<double>(stats.recoveries);
  return stats;
}

std::optional<double> correlation(const Trace& a, const Trace& b, int nodes) {
  const double tick_s = std::max(a.tick_s, b.tick_s);
  const auto ticks_in = [&](const Trace& trace) {
    return static_cast<std::int64_t>(
        std::floor(static_cast<double>(trace.ticks()) * trace.tick_s / tick_s + 1e-9));
  };
  const std::int64_t ticks = std::min(ticks_in(a), ticks_in(b));
  const Result<std::vector<std::uint8_t>> up_a = availability(a, nodes, 0, ticks, tick_s);
  const Result<std::vector<std::uint8_t>> up_b = availability(b, nodes, 0, ticks, tick_s);
  if (!up_a.ok() || !up_b.ok() || ticks == 0) return std::nullopt;
  double sum_a = 0;
  double sum_b = 0;
  double both = 0;
  for (std::size_t k = 0; k < up_a->size(); ++k) {
    sum_a += (*up_a)[k];
    sum_b += (*up_b)[k];
    both += (*up_a)[k] & (*up_b)[k];
  }
  const auto n = static_cast<double>(ticks);
  const double share_a = sum_a / n;
  const double share_b = sum_b / n;
  const double spread = share_a * (1 - share_a) * share_b * (1 - share_b);
  if (spread <= 0) return std::nullopt;
  return (both / n - share_a * share_b) / std::sqrt(spread);
}

}  // namespace tradewind::traces
