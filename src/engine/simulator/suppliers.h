// What a simulation is made of by its options: the suppliers, how much goes wrong, and the loop's pace.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/scheduler/working.h"
#include "engine/simulator/model_backend.h"
#include "engine/simulator/model_world.h"
#include "engine/simulator/simulation.h"

namespace tradewind::simulator {

inline constexpr Duration simulated_lease_term{60'000};

using AskedToLaunch = std::function<void(const provider::LaunchRequest&)>;

// Two clouds, "alpha" and "beta". Where the world is short of everything, `options` say so afterwards.
// REQUIRES: `world` outlives them.
std::vector<std::unique_ptr<ModelBackend>> make_clouds(const ModelWorld& world, const AskedToLaunch& asked,
                                                       SimulationOptions& options, Random& random);
FaultRates rates_of(const SimulationOptions& options);
void set_pace(scheduler::Tempo& tempo, const SimulationOptions& options);

}  // namespace tradewind::simulator
