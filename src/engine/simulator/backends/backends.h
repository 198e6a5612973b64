// The kinds of suppliers that can be simulated, and how each is made.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/enum_text.h"
#include "engine/simulator/model_backend.h"
#include "engine/simulator/model_world.h"

namespace tradewind::simulator {

// The driver itself (edge/drivers) runs in each; what it asks is modelled.
enum class Backend { slurm, ssh, kubernetes };
inline constexpr std::array<std::string_view, 3> backend_names = {"slurm", "ssh", "kubernetes"};
constexpr std::string_view to_text(Backend backend) {
  return enum_name(backend_names, backend);
}
inline std::optional<Backend> backend_from_text(std::string_view text) {
  return enum_value<Backend>(backend_names, text);
}

struct BackendSetup {
  std::function<void(const provider::LaunchRequest&)> asked_to_launch;
  int capacity = 4;
  std::uint64_t seed = 1;
  // For Mutant::driver_wedged: outlives the control plane's process.
  std::shared_ptr<bool> is_wedged = std::make_shared<bool>(false);
};

// One cluster of Slurm, three hosts, one cluster of Kubernetes. REQUIRES: `world` outlives them.
std::vector<std::unique_ptr<ModelBackend>> make_slurm(const ModelWorld& world, const BackendSetup& setup);
std::vector<std::unique_ptr<ModelBackend>> make_hosts(const ModelWorld& world, const BackendSetup& setup);
std::vector<std::unique_ptr<ModelBackend>> make_kubernetes(const ModelWorld& world,
                                                           const BackendSetup& setup);
std::vector<std::unique_ptr<ModelBackend>> make_backends(Backend kind, const ModelWorld& world,
                                                         const BackendSetup& setup);

}  // namespace tradewind::simulator
