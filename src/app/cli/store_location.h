// At which supplier a store lies, as far as its URL tells: for what it costs that bytes leave it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/model/offer.h"

namespace tradewind::cli {

// Nothing: on this machine or a host of one's own, or at a server whose owner the URL does not tell. Its
// region is "" where that is not known.
std::optional<Location> location_of_store(const std::string& url,
                                          const std::map<std::string, std::string>& environment);

}  // namespace tradewind::cli
