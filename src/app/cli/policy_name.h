// Names of spot policies, as a person writes them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::cli {

// not_found with a near word when there is no such policy.
Status check_policy_name(std::string_view name);

}  // namespace tradewind::cli
