// What the modelled suppliers share: time, chance, the object store as agents reach it, and who looks on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "edge/objectstore/object_store.h"
#include "engine/simulator/faults.h"
#include "engine/simulator/mutants.h"
#include "engine/simulator/timeline.h"

namespace tradewind::simulator {

struct ModelWorld {
  Timeline& time;
  Faults& faults;
  objectstore::ObjectStore& store;
  // At each call of the control plane's process: what goes wrong.
  std::function<Fault()> call;
  std::function<void(const std::string&)> violation;
  std::function<void(const std::string&)> log;
  // How often each thing happened.
  std::function<void(const std::string&)> count = [](const std::string&) {};
  // The tokens for which an agent was ever begun.
  std::set<std::string>* begun = nullptr;
  Mutant mutant = Mutant::none;
};

inline Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<std::int64_t>(random.unit() * static_cast<double>(most.count())));
}
inline Duration between(Random& random, Duration least, Duration most) {
  return least + up_to(random, most - least);
}

inline bool was_made(Fault fault) {
  return fault != Fault::crash_before && fault != Fault::lost_request;
}

}  // namespace tradewind::simulator
