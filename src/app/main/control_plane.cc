#include "app/main/control_plane.h"

#include <cstdio>
#include <sys/random.h>

#include "app/main/agent_download.h"
#include "core/catalog/catalog.h"
#include "core/scheduler/survey.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/file_store.h"
#include "edge/objectstore/registry.h"
#include "edge/objectstore/relay/relay_pass.h"

namespace tradewind::app {
namespace {

Result<std::uint64_t> entropy() {
  std::uint64_t word = 0;
  if (::getrandom(&word, sizeof word, 0) != static_cast<ssize_t>(sizeof word)) {
    return Error{Code::internal, "the system gives no random bytes"};
  }
  return word;
}

// 128 random bits, in hex.
Result<OwnerId> new_owner() {
  TW_ASSIGN_OR_RETURN(const std::uint64_t high, entropy());
  TW_ASSIGN_OR_RETURN(const std::uint64_t low, entropy());
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return OwnerId(text);
}

// The pace for suppliers on this machine, which answer at once; the defaults are for clouds.
scheduler::Tempo local_tempo() {
  scheduler::Tempo tempo;
  tempo.mailbox_poll = Duration(500);
  tempo.list_poll = Duration(1000);
  tempo.idle_list_poll = Duration(15'000);
  tempo.boot_patience = Duration(60'000);
  tempo.terminate_retry = Duration(2000);
  tempo.retry_capacity = Duration(500);
  tempo.tick = Duration(5000);
  tempo.ask_again = Duration(0);
  return tempo;
}

// Of a URL that agents are told on their command lines.
Result<std::unique_ptr<objectstore::ObjectStore>> open_written_down(const std::string& url) {
  TW_RETURN_IF_ERROR(objectstore::check_no_secret(url));
  return objectstore::open_store(url);
}

Status open_stores(const ControlPlaneOptions& options, RunningControlPlane& plane) {
  TW_ASSIGN_OR_RETURN(plane.stores["home"], objectstore::open_file_store(options.store_folder));
  TW_ASSIGN_OR_RETURN(const std::vector<local::Zone> zones, drivers::local_zones(options.drivers));
  for (const local::Zone& zone : zones) {
    const Location location{"local", zone.name, ""};
    Result<std::unique_ptr<objectstore::ObjectStore>> store = open_written_down(zone.store);
    if (!store.ok()) {
      return Error{store.error().code, "the store of " + to_text(location) + ": " + store.error().message,
                   store.error().hint};
    }
    plane.stores[to_text(location)] = *std::move(store);
  }
  TW_ASSIGN_OR_RETURN(const auto clusters, drivers::cluster_stores(options.drivers));
  for (const auto& [name, url] : clusters) {
    Result<std::unique_ptr<objectstore::ObjectStore>> store = open_written_down(url);
    if (store.ok()) {
      plane.stores[name] = *std::move(store);
    } else {  // who names it is told that there is none; all others go on
      options.log("the store " + name + " is left out: " + describe(store.error()));
    }
  }
  for (const auto& [name, store] : plane.stores) plane.world.stores[name] = store.get();
  plane.world.open_store = [&plane](const std::string& url) { return plane.stores_by_url.open(url); };
  return {};
}

// 32 random bytes that sign the relay's passes: kept, since agents that were started before must go on.
Result<std::string> relay_secret(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "relay.key";
  const Status made = io::create_file_atomic(file, io::random_bytes(32), {0600, true});
  if (!made.ok() && made.error().code != Code::conflict) return made.error();
  TW_ASSIGN_OR_RETURN(std::string secret, io::read_file(file, 1024));
  if (secret.size() >= 16) return secret;
  return Error{Code::corrupt, file.string() + " holds no key",
               "delete it: agents over SSH are launched anew"};
}

Status open_relay(const ControlPlaneOptions& options, RunningControlPlane& plane) {
  TW_ASSIGN_OR_RETURN(const std::string secret, relay_secret(options.state_folder));
  TW_ASSIGN_OR_RETURN(plane.relay,
                      objectstore::RelayServer::start(
                          (options.state_folder / "relay.sock").string(), secret,
                          [&plane](const std::string& name) { return broker::store_of(plane.world, name); }));
  plane.world.relay_pass = [secret](const std::string& prefix, const std::vector<std::string>& stores) {
    return std::map<std::string, std::string>{
        {objectstore::relay_pass_variable, objectstore::sign_pass({prefix, stores}, secret)}};
  };
  return {};
}

// One that is out of reach now may be back in a minute: its offers come with it (OfferWatch).
Status open_suppliers(const ControlPlaneOptions& options, const Clock& clock, RunningControlPlane& plane,
                      scheduler::Working& start) {
  drivers::DriverConfig config = options.drivers;
  config.relay_socket = plane.relay->socket();
  config.plane = plane.owner.text().substr(0, 12);
  config.log = options.log;
  AgentDownloadOptions downloads;
  downloads.programs =
      agent_programs(config.agent_program.empty() ? "" : config.agent_program.front(), config.environment);
  downloads.environment = config.environment;
  downloads.open_store = [&plane](const std::string& url) { return plane.stores_by_url.open(url); };
  for (const auto& [machine, program] : downloads.programs) config.agent_machines.insert(machine);
  config.agent_source = agent_from_store(std::move(downloads));
  TW_ASSIGN_OR_RETURN(plane.providers, drivers::make_providers(config, clock));
  for (const std::unique_ptr<provider::Provider>& supplier : plane.providers) {
    const provider::Capabilities& facts = supplier->capabilities();
    const std::string name = provider::supplier_name(facts);
    plane.world.providers[name] = supplier.get();
    start.suppliers[name] = {facts.list_delay, Duration(10'000),  facts.notice_lead,
                             facts.list_gap,   facts.needs_relay, facts.batch_max};
  }
  plane.offers = std::make_unique<OfferWatch>(plane.world.providers, options.log);
  start.offers = plane.offers->ask_quick_ones();
  return {};
}

// The catalogue's prices, and before them those that the zones name.
Result<std::shared_ptr<const catalog::EgressTable>> egress_table(const ControlPlaneOptions& options) {
  TW_ASSIGN_OR_RETURN(const std::vector<local::Zone> zones, drivers::local_zones(options.drivers));
  std::vector<catalog::EgressRate> rates;
  for (const local::Zone& zone : zones) {
    for (const catalog::EgressKind kind :
         {catalog::EgressKind::internet, catalog::EgressKind::inter_region}) {
      catalog::EgressRate rate;
      rate.kind = kind;
      rate.provider = "local";
      rate.from = zone.name;
      rate.price = zone.egress_per_gb;
      rate.source = "zones file";
      rates.push_back(std::move(rate));
    }
  }
  return std::make_shared<const catalog::EgressTable>(
      catalog::embedded_egress_table().with_overrides(std::move(rates)));
}

broker::JobSeals seals_of(sealing::JobSeals& seals) {
  using Store = objectstore::ObjectStore;
  broker::JobSeals wired;
  wired.begin = [&seals](const std::vector<Store*>& stores, const std::string& prefix) {
    return seals.begin(stores, prefix);
  };
  wired.withdraw = [&seals](const std::vector<Store*>& stores, const std::string& prefix) {
    seals.withdraw(stores, prefix);
  };
  wired.view = [&seals](Store& store, Store& home, const std::string& prefix) {
    return seals.view(store, home, prefix);
  };
  wired.agent_secrets = [&seals](Store& home,
                                 const std::string& prefix) -> Result<std::map<std::string, std::string>> {
    TW_ASSIGN_OR_RETURN(const sealing::DataKey key, seals.key_of(home, prefix));
    return std::map<std::string, std::string>{{sealing::job_key_variable, sealing::to_hex(key)}};
  };
  return wired;
}

}  // namespace

Result<objectstore::ObjectStore*> StoresByUrl::open(const std::string& url) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<objectstore::ObjectStore>& store = stores_[url];
  if (!store) {
    TW_ASSIGN_OR_RETURN(store, open_written_down(url));
  }
  return store.get();
}

Result<std::unique_ptr<RunningControlPlane>> start_control_plane(const ControlPlaneOptions& options,
                                                                 const Clock& clock) {
  auto plane = std::make_unique<RunningControlPlane>();
  plane->clock = std::make_unique<io::ForwardClock>(clock, [log = options.log](Duration back) {
    log("the machine's clock was set back by " + format_duration(back) +
        "; jobs and waits go on as if it was not");
  });
  TW_ASSIGN_OR_RETURN(const OwnerId owner, new_owner());
  TW_ASSIGN_OR_RETURN(plane->store, store::open_sqlite_store(options.database, owner));
  TW_ASSIGN_OR_RETURN(const ClusterState state, plane->store->snapshot());
  plane->owner = state.owner;
  plane->world.owner = state.owner;
  plane->world.clock = plane->clock.get();
  plane->seals = std::make_unique<sealing::JobSeals>(
      [keys = options.keys] { return sealing::read_user_key(keys); }, *plane->clock);
  plane->world.seals = seals_of(*plane->seals);
  TW_RETURN_IF_ERROR(open_stores(options, *plane));
  TW_RETURN_IF_ERROR(open_relay(options, *plane));

  TW_ASSIGN_OR_RETURN(const std::uint64_t seed, entropy());
  scheduler::Working start;
  start.tempo = local_tempo();
  start.random = Random(seed);
  TW_RETURN_IF_ERROR(open_suppliers(options, *plane->clock, *plane, start));
  plane->world.lease_term = start.tempo.lease_term;

  scheduler::SurveyRules rules;
  rules.suppliers = start.suppliers;
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<const catalog::EgressTable> egress, egress_table(options));
  rules.egress = [egress](const Location& from, const Location& to, std::uint64_t bytes) {
    return egress->quote(from, to, bytes);
  };
  rules.out_of_reach = [&world = plane->world](const JobRecord& job, const Location& location) {
    return broker::out_of_reach(world, job.spec, job.home, location);
  };
  TW_ASSIGN_OR_RETURN(plane->service,
                      broker::Service::start({*plane->store, plane->world, scheduler::make_survey(rules),
                                              std::move(start), "home", 8, options.log}));
  plane->offers->start([service = plane->service.get()](std::vector<Offer> offers) {
    service->set_offers(std::move(offers));
  });
  return plane;
}

}  // namespace tradewind::app
