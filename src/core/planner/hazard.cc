#include "core/planner/hazard.h"

#include <array>
#include <cmath>

#include "core/model/enum_text.h"

namespace tradewind::planner {
namespace {

constexpr std::array<std::string_view, 5> band_names = {"<5%", "5-10%", "10-15%", "15-20%", ">20%"};
constexpr std::array<double, 5> band_middles = {0.025, 0.075, 0.125, 0.175, 0.25};

constexpr double spot_per_hour = 565.0 / 2295.0;
constexpr double failure_per_hour = 419.0 / (54.0 * 24.0 * 2048.0);

}  // namespace

std::optional<InterruptionBand> interruption_band_from_text(std::string_view text) {
  return enum_value<InterruptionBand>(band_names, text);
}

double hazard_per_hour(InterruptionBand band) {
  return -std::log1p(-band_middles[static_cast<std::size_t>(band)]) / hours_per_month;
}

Hazard prior_hazard(const Offer& offer) {
  if (offer.purchase != Purchase::spot) return {failure_per_hour, "usual failures of a machine"};
  return {spot_per_hour, "held spot machines, measured in 2023"};
}

}  // namespace tradewind::planner
