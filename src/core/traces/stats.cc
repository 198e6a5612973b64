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
