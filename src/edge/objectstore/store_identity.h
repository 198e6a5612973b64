// What of the environment tells a store who we are.
#pragma once

#include <string_view>

#include "edge/cloud/variables.h"

namespace tradewind::objectstore {

// Whether a variable of this name tells a store who we are, or leads to what does.
bool is_store_identity(std::string_view name);
// Those of the environment that do: for the program that uses stores, and for no program that it starts.
cloud::Variables store_identity(const cloud::Variables& environment);

}  // namespace tradewind::objectstore
