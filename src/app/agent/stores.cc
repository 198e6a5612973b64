#include "app/agent/stores.h"

#include <utility>

#include "edge/objectstore/registry.h"

namespace tradewind::agent {
namespace {

using objectstore::ObjectStore;
using objectstore::open_store;

std::unique_ptr<ObjectStore> open_or_warn(const std::string& url, const char* without,
                                          std::vector<std::string>& warnings, io::HelperProcesses* helpers) {
  Result<std::unique_ptr<ObjectStore>> store = open_store(url, helpers);
  if (store.ok()) return *std::move(store);
  warnings.push_back(without + std::string(" in ") + url + ": " + describe(store.error()));
  return nullptr;
}

void see_through(const View& view, std::unique_ptr<ObjectStore>& store, AgentStores& stores) {
  if (!store) return;
  stores.beneath.push_back(std::move(store));
  store = view(*stores.beneath.back());
}

}  // namespace

Result<AgentStores> open_stores(const AgentOptions& options, io::HelperProcesses* helpers, const View& view) {
  AgentStores stores;
  if (options.encrypted && !view) {
    return Error{Code::unauthorized, "the job is encrypted, and there is no key of it"};
  }
  TW_ASSIGN_OR_RETURN(stores.home, open_store(options.store_url, helpers));
  if (!options.local_store_url.empty()) {
    stores.local =
        open_or_warn(options.local_store_url, "no chunks are kept at this place", stores.warnings, helpers);
  }
  for (const std::string& url : options.standby_urls) {
    std::unique_ptr<ObjectStore> copy = open_or_warn(url, "no standby copy", stores.warnings, helpers);
    if (copy) stores.standby.push_back(std::move(copy));
  }
  if (!options.encrypted) return stores;
  see_through(view, stores.home, stores);
  see_through(view, stores.local, stores);
  for (std::unique_ptr<ObjectStore>& copy : stores.standby) see_through(view, copy, stores);
  return stores;
}

}  // namespace tradewind::agent
