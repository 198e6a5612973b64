// One supplier in a simulation: what the control plane holds of it, and the truth that it cannot see.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/scheduler/working.h"
#include "edge/provider/provider.h"
#include "engine/simulator/model_agent.h"

namespace tradewind::simulator {

class ModelBackend {
 public:
  using Found = std::function<void(const std::string&)>;

  virtual ~ModelBackend() = default;
  // As the control plane's process has it now; another one after restart().
  virtual provider::Provider& provider() = 0;
  // As the control plane takes them from its driver (app/main).
  virtual scheduler::SupplierFacts facts();
  // The control plane's process has ended; what its driver remembered and held open is gone.
  virtual void stop() {}
  virtual void restart() {}

  // The agent that lives on an instance of this token. nullptr: none.
  virtual const ModelAgent* agent_of(const std::string& token) const = 0;
  // Since when nobody there answers. Nothing: it answers.
  virtual std::optional<Time> dark_since() const { return std::nullopt; }
  // For how long, of the time since then, its agents had a way to the object store.
  virtual Duration heard_since(Time since, Time now) const { return now - since; }
  // At the end: what of this owner is left there, and what of others' was touched.
  virtual void check_end(const OwnerId& owner, const Found& found) const = 0;
};

}  // namespace tradewind::simulator
