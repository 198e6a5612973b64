// What actions are performed on: the suppliers and the object stores, by name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "core/scheduler/action.h"
#include "core/scheduler/observation.h"
#include "edge/objectstore/object_store.h"
#include "edge/provider/provider.h"

namespace tradewind::broker {

// What encrypted jobs need; edge/sealing does it. Safe from several threads at once.
struct JobSeals {
  using Store = objectstore::ObjectStore;
  // Makes the data key of a new job in all of its stores, the home first. invalid_argument: there is no
  // user's key to wrap it by.
  std::function<Status(const std::vector<Store*>& stores, const std::string& job_prefix)> begin;
  // Undoes begin() for a job that was not taken.
  std::function<void(const std::vector<Store*>& stores, const std::string& job_prefix)> withdraw;
  // A store of the job as its own see it, for ever; the wrapped data key lies in `home`.
  std::function<Result<Store*>(Store& store, Store& home, const std::string& job_prefix)> view;
  // What the job's agents must have in their environment, and nobody else.
  std::function<Result<std::map<std::string, std::string>>(Store& home, const std::string& job_prefix)>
      agent_secrets;
};

struct World {
  OwnerId owner;
  const Clock* clock = nullptr;
  std::map<std::string, provider::Provider*> providers;     // by provider::supplier_name()
  std::map<std::string, objectstore::ObjectStore*> stores;  // by name; jobs name their home here
  // Opens the store of a URL that a job names; the same for the same URL. Null: only those above.
  std::function<Result<objectstore::ObjectStore*>(const std::string& url)> open_store = nullptr;
  // Where agents on an instance reach a store of ours, when that differs from its own url().
  std::map<std::string, std::string> agent_store_urls = {};
  // The pass of an agent that uses our stores through the relay: for its job's keys in those stores, by name.
  std::function<std::map<std::string, std::string>(const std::string& job_prefix,
                                                   const std::vector<std::string>& stores)>
      relay_pass = nullptr;
  Duration lease_term{30'000};
  std::optional<JobSeals> seals = std::nullopt;  // nothing: no job can be encrypted
};

// By its name or its URL. not_found; the errors of opening it.
Result<objectstore::ObjectStore*> store_of(const World& world, const std::string& name);

// A job whose stores are meant. Whether it is encrypted is what our own state says: a supplier who takes the
// seal away makes nobody write plain text.
struct JobPlace {
  JobId job;
  std::string home;
  bool encrypted = false;
};
// The store as the job's own see it: that of the name, or for an encrypted job a view which seals. not_found;
// the errors of opening it; unavailable: there is no key for it.
Result<objectstore::ObjectStore*> store_of_job(const World& world, const JobPlace& place,
                                               const std::string& name);
// Makes the data key of a new job that is to be encrypted. invalid_argument: there is no key for it.
Status begin_seal(const World& world, const JobPlace& place, const std::vector<std::string>& standby);
// Of a job that was not taken after all.
void withdraw_seal(const World& world, const JobPlace& place, const std::vector<std::string>& standby);

// The stores that keep further copies of the job's checkpoints, in the task's order, each once.
std::vector<std::string> standby_stores(const JobSpec& spec, const std::string& home);

// Actions that their supplier takes together: those of one name. `max`: so many at once.
struct Batching {
  std::string name;
  std::size_t max = 1;
};
// Nothing: the action is performed by itself.
std::optional<Batching> batching_of(const World& world, const scheduler::Action& action);
// Performs several actions of one batching_of(), and says what came of each, in any order.
std::vector<scheduler::Observation> perform_together(const World& world,
                                                     const std::vector<scheduler::Action>& actions);
// Why no instance in that region can have the job: its supplier's instances see no folders, and a store or
// data of the job lies in one. Empty: it can.
std::string out_of_reach(const World& world, const JobSpec& spec, const std::string& home,
                         const Location& location);

// Performs one action by plain blocking calls and says what came of it. Safe from several threads at once.
scheduler::Observation perform(const World& world, const scheduler::Action& action);

}  // namespace tradewind::broker
