// Deterministic simulation of checkpoint stores: the engine's own calls, interleaved, cut and deceived as a
// seed says. docs/decisions/store-simulation.md tells what is simulated and what must hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/storesim/mutants.h"
#include "engine/storesim/world.h"

namespace tradewind::storesim {

struct Outcome {
  std::uint64_t seed = 0;
  std::optional<std::string> violation;  // nothing: all rules held
  std::vector<std::string> trace;        // where it was asked for
  std::size_t steps = 0;
  Coverage coverage;
};

class Simulator {
 public:
  // unavailable, unauthorized: there is no room for the simulated programs' files.
  static Result<std::unique_ptr<Simulator>> make();

  // The same seed and mutant: the same run.
  Outcome run(std::uint64_t seed, Mutant mutant = Mutant::none, bool keep_trace = false);

 private:
  explicit Simulator(States states);

  States states_;
  Stage stage_;
};

}  // namespace tradewind::storesim
