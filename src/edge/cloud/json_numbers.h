// Whole numbers in JSON, which services write as numbers or as texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/model/json.h"

namespace tradewind::cloud {

// 3600 or "3600". Nothing where it is missing, or no whole number.
std::optional<std::int64_t> whole_number(JsonReader& reader, std::string_view name);

}  // namespace tradewind::cloud
