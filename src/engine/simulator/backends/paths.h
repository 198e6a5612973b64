// What must have happened in enough runs over a backend: each accident, and each way out of it.
#pragma once

#include <string_view>
#include <vector>

#include "engine/simulator/backends/backends.h"

namespace tradewind::simulator {

// As SimulationReport::counts names them.
std::vector<std::string_view> paths_of(Backend backend);

}  // namespace tradewind::simulator
