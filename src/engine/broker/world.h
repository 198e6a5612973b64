// What actions are performed on: the suppliers and the object stores, by name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "core/scheduler/action.h"
#include "core/scheduler/observation.h"
#include "edge/objectstore/object_store.h"
#include "edge/provider/provider.h"

namespace tradewind::broker {

struct World {
  OwnerId owner;
  const Clock* clock = nullptr;
  std::map<std::string, provider::Provider*> providers;     // by capabilities().provider
  std::map<std::string, objectstore::ObjectStore*> stores;  // by name; jobs name their home here
  // Opens the store of a URL that a job names; the same for the same URL. Null: only those above.
  std::function<Result<objectstore::ObjectStore*>(const std::string& url)> open_store = nullptr;
  // Where agents on an instance reach a store of ours, when that differs from its own url().
  std::map<std::string, std::string> agent_store_urls = {};
  Duration lease_term{30'000};
};

// By its name or its URL. not_found; the errors of opening it.
Result<objectstore::ObjectStore*> store_of(const World& world, const std::string& name);

// The stores that keep further copies of the job's checkpoints, in the task's order, each once.
std::vector<std::string> standby_stores(const JobSpec& spec, const std::string& home);

// Performs one action by plain blocking calls and says what came of it. Safe from several threads at once.
scheduler::Observation perform(const World& world, const scheduler::Action& action);

}  // namespace tradewind::broker
