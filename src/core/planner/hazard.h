// How often a machine is lost: interruptions per hour of holding one node.
#pragma once

#include <optional>
#include <string_view>

#include "core/model/offer.h"

namespace tradewind::planner {

struct Hazard {
  double per_hour = 0;      // of one node
  std::string_view source;  // a phrase for people; must outlive the plans made with it
  bool operator==(const Hazard&) const = default;
};

// Hours in a month, as cloud price lists count them.
inline constexpr double hours_per_month = 730;

// The five bands in which AWS publishes "frequency of interruption" (Spot Instance advisor).
enum class InterruptionBand { under_5, from_5_to_10, from_10_to_15, from_15_to_20, over_20 };
// "<5%", "5-10%", "10-15%", "15-20%", ">20%".
std::optional<InterruptionBand> interruption_band_from_text(std::string_view text);

// The share p of instances that were reclaimed within a month becomes the rate of a Poisson process of which
// a month sees at least one event with probability p: -ln(1 - p) / 730 per hour. p is the middle of the band;
// the open one counts as 25 %. As most instances live far shorter than a month, this is a lower bound.
double hazard_per_hour(InterruptionBand band);

// What holds until there is a measurement for the offer:
// - spot: 0.25, the 565 preemptions in 2,295 hours of held nodes (V100 and Intel on AWS, C3 on Google Cloud,
//   2023) in the preemption traces of "Can't Be Late" (Wu et al., NSDI 2024);
// - anything else: 0.00016, the 419 unexpected interruptions of 2,048 nodes in 54 days that "The Llama 3 Herd
//   of Models" (2024) reports in section 3.3.4.
Hazard prior_hazard(const Offer& offer);

}  // namespace tradewind::planner
