// Objects in memory: for the simulator and for tests.
#pragma once

#include <memory>

#include "base/clock.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// `clock` dates the objects; null: the system's. REQUIRES: `clock` outlives the store.
std::unique_ptr<ObjectStore> make_memory_store(const Clock* clock = nullptr);

}  // namespace tradewind::objectstore
