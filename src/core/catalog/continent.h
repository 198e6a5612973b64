// On which continent a supplier's region lies: prices of moving bytes depend on it.
#pragma once

#include <string_view>

namespace tradewind::catalog {

// "north_america", "south_america", "europe", "asia", "oceania", "middle_east" or "africa"; empty when the
// region's name does not tell. From the naming schemes of AWS ("ap-southeast-2"), Azure ("australiaeast"),
// Google Cloud
// ("australia-southeast1") and, for others, names that begin with a continent or a country of the same
// schemes.
std::string_view continent_of(std::string_view provider, std::string_view region);

}  // namespace tradewind::catalog
