// Traces that are made, not measured: so that anybody can simulate with nothing else at hand.
//
// A zone is up and down in turns. The length of a spell follows a Weibull law of shape below 1: most spells
// are short, some very long, and what has lasted goes on lasting. Over that lies a common factor: each
// region, and the whole market, is calm or scarce in turns; while it is scarce, up spells are shorter and
// down spells longer by the factor's strength, and when a region turns scarce, the zones that are up fall
// together with some chance. Means are those over calm and scarce times.
//
// The defaults are fitted to the traces that Wu et al. measured on AWS for "Can't Be Late" (NSDI 2024;
// published as skypilot-org/spot-traces, commit 221da1a), zones of one V100 in February 2023: shares of 0.16
// to 0.88, mean up spells of 0.8 to 8.6 h and down spells of 0.9 to 3.8 h; Weibull shapes by maximum
// likelihood 0.50 to 0.86 (up) and 0.55 to 0.91 (down); correlation 0.31 to 0.60 between zones of a region,
// 0.17 between others. docs/policies.md compares.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "core/traces/trace.h"

namespace tradewind::traces {

struct SyntheticZone {
  std::string id;
  std::string provider;
  std::string region;
  std::string zone;
  double mean_up_s = 3 * 3600;
  double mean_down_s = 2 * 3600;
};

struct SyntheticLaw {
  double shape_up = 0.65;
  double shape_down = 0.75;
  double region_strength = 2.8;  // spells are stretched or shortened by it
  double market_strength = 2.6;
  double mean_calm_s = 36 * 3600;  // of a region and of the market, exponential
  double mean_scarce_s = 30 * 3600;
  double fall_together = 0.4;  // chance of an up zone to fall when its region turns scarce
  int nodes = 1;               // of a gang: a zone that is up has all of them, one that is down fewer
};

// One trace to each zone, of so many ticks. REQUIRES: tick_s, means and shapes above 0, ticks > 0.
std::vector<Trace> synthesise(const std::vector<SyntheticZone>& zones, const SyntheticLaw& law,
                              std::int64_t ticks, double tick_s, Random& random);

// Zones as the fitted traces have them: plentiful, middling and scarce ones in three regions of a made-up
// supplier.
std::vector<SyntheticZone> synthetic_zones();

}  // namespace tradewind::traces
