#include "app/agent/stores.h"

#include <utility>

#include "edge/mailbox/mailbox.h"
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

void seal(AgentStores& stores, std::unique_ptr<ObjectStore>& store, const AgentOptions& options,
          const sealing::DataKey& key) {
  if (!store) return;
  stores.beneath.push_back(std::move(store));
  store = std::make_unique<sealing::JobStore>(*stores.beneath.back(),
                                              mailbox::job_prefix(options.owner, options.job), key);
}

}  // namespace

Result<AgentStores> open_stores(const AgentOptions& options, io::HelperProcesses* helpers,
                                const std::optional<sealing::DataKey>& key) {
  AgentStores stores;
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
  if (!key) return Error{Code::unauthorized, "the job is encrypted, and there is no key"};
  seal(stores, stores.home, options, *key);
  seal(stores, stores.local, options, *key);
  for (std::unique_ptr<ObjectStore>& copy : stores.standby) seal(stores, copy, options, *key);
  return stores;
}

Result<std::optional<sealing::DataKey>> key_of_job(const AgentOptions& options,
                                                   const std::map<std::string, std::string>& taken) {
  if (!options.encrypted) return std::optional<sealing::DataKey>();
  const auto found = taken.find(sealing::job_key_variable);
  if (found == taken.end()) {
    return Error{
        Code::unauthorized,
        std::string("the job is encrypted, and its data key is not in $") + sealing::job_key_variable,
        "the control plane launches the job again, with the key"};
  }
  TW_ASSIGN_OR_RETURN(sealing::DataKey key, sealing::data_key_from_hex(found->second));
  return std::optional(std::move(key));
}

}  // namespace tradewind::agent
