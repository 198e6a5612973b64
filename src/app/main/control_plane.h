// All that a running control plane is made of, wired: state, stores, suppliers, rules, loop.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/main/offer_watch.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "edge/drivers/registry.h"
#include "edge/io/forward_clock.h"
#include "edge/objectstore/relay/relay_server.h"
#include "edge/sealing/job_seal.h"
#include "engine/broker/service.h"

namespace tradewind::app {

struct ControlPlaneOptions {
  std::string database;                // the SQLite file
  std::filesystem::path store_folder;  // of the store named "home"
  drivers::DriverConfig drivers;
  std::filesystem::path state_folder;  // of the relay's socket and key
  sealing::KeyPlaces keys;             // of the user's key, for jobs that are encrypted
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

// The stores that jobs name by URL, each opened once, when it is first asked for. Safe from several threads.
class StoresByUrl {
 public:
  Result<objectstore::ObjectStore*> open(const std::string& url);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<objectstore::ObjectStore>> stores_;  // protected by mutex_
};

// Owns everything; the service ends first.
struct RunningControlPlane {
  std::unique_ptr<io::ForwardClock> clock;  // of all that decides and waits: deadlines are wall times
  OwnerId owner;
  std::unique_ptr<store::Store> store;
  std::map<std::string, std::unique_ptr<objectstore::ObjectStore>> stores;
  StoresByUrl stores_by_url;
  std::vector<std::unique_ptr<provider::Provider>> providers;
  std::unique_ptr<sealing::JobSeals> seals;
  broker::World world;
  std::unique_ptr<objectstore::RelayServer> relay;
  std::unique_ptr<broker::Service> service;
  std::unique_ptr<OfferWatch> offers;  // what the suppliers sell
};

// REQUIRES: the caller holds the state folder's lock; `clock` outlives the answer. Errors: those of the
// state, the stores and the suppliers' configuration.
Result<std::unique_ptr<RunningControlPlane>> start_control_plane(const ControlPlaneOptions& options,
                                                                 const Clock& clock);

}  // namespace tradewind::app
