// The calls of the seam that can fail, by name: for records and planned faults.
#pragma once

#include <array>
#include <string_view>

#include "core/model/enum_text.h"

namespace tradewind::provider {

enum class Call { offers, launch, instances, terminate };
inline constexpr std::array<std::string_view, 4> call_names = {"offers", "launch", "instances", "terminate"};
constexpr std::string_view to_text(Call call) {
  return enum_name(call_names, call);
}

}  // namespace tradewind::provider
