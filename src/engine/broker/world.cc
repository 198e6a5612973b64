#include "engine/broker/world.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "edge/checkpoint/ledger.h"
#include "edge/checkpoint/package.h"
#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/relay/relay_store.h"

namespace tradewind::broker {
namespace {

using scheduler::Observation;

Result<provider::Provider*> provider_named(const World& world, const std::string& name) {
  const auto found = world.providers.find(name);
  if (found == world.providers.end())
    return Error{Code::invalid_argument, "there is no supplier named '" + name + "'"};
  return found->second;
}

Result<provider::Provider*> provider_of(const World& world, const Location& location) {
  const auto regional = world.providers.find(location.provider + "/" + location.region);
  if (regional != world.providers.end()) return regional->second;
  return provider_named(world, location.provider);
}

// As agents there reach it.
Result<std::string> url_of_store(const World& world, const provider::Capabilities& there,
                                 const std::string& name) {
  const auto own = there.store_urls.find(name);
  if (own != there.store_urls.end()) return own->second;
  if (there.needs_relay) return objectstore::to_text(objectstore::RelayUrl{"", name});
  TW_ASSIGN_OR_RETURN(const objectstore::ObjectStore* store, store_of(world, name));
  const auto url = world.agent_store_urls.find(name);
  return url == world.agent_store_urls.end() ? store->url() : url->second;
}

// The same without opening anything: what a task names by its URL is that URL.
std::string written_url(const World& world, const provider::Capabilities& there, const std::string& name) {
  for (const auto* urls : {&there.store_urls, &world.agent_store_urls}) {
    if (const auto url = urls->find(name); url != urls->end()) return url->second;
  }
  const auto store = world.stores.find(name);
  return store == world.stores.end() ? name : store->second->url();
}

Result<std::vector<std::string>> agent_arguments(const World& world, const provider::Capabilities& there,
                                                 const scheduler::Launch& launch) {
  TW_ASSIGN_OR_RETURN(const std::string home_url, url_of_store(world, there, launch.home));
  std::vector<std::string> arguments = {
      "--store=" + home_url,
      "--owner=" + world.owner.text(),
      "--job=" + launch.job.text(),
      "--lease=" + launch.lease.text(),
      "--attempt=" + std::to_string(launch.attempt),
      "--location=" + to_text(launch.offer.location),
      "--hard-limit=" + format_utc(launch.hard_limit),
      "--lease-term=" + std::to_string(seconds_of(world.lease_term)) + "s",
  };
  if (launch.hazard_per_h > 0) {
    char hazard[48];
    std::snprintf(hazard, sizeof hazard, "--hazard-per-hour=%.6f", launch.hazard_per_h);
    arguments.emplace_back(hazard);
  }
  for (const std::string& name : standby_stores(launch.spec, launch.home)) {
    TW_ASSIGN_OR_RETURN(const std::string url, url_of_store(world, there, name));
    arguments.push_back("--standby-store=" + url);
  }
  for (const std::string& url : data_urls(launch.spec)) arguments.push_back("--data-store=" + url);
  if (launch.standby) arguments.emplace_back("--standby");
  if (there.far && checkpoint::needs_package(launch.spec)) arguments.emplace_back("--packed");
  if (launch.spec.checkpoint.encrypt) arguments.emplace_back("--encrypted");
  return arguments;
}

JobPlace place_of(const scheduler::Launch& launch) {
  return {launch.job, launch.home, launch.spec.checkpoint.encrypt};
}

std::string prefix_of(const World& world, const JobPlace& place) {
  return mailbox::job_prefix(world.owner, place.job);
}

// The home first.
Result<std::vector<objectstore::ObjectStore*>> all_stores(const World& world, const JobPlace& place,
                                                          const std::vector<std::string>& standby) {
  std::vector<objectstore::ObjectStore*> stores;
  TW_ASSIGN_OR_RETURN(stores.emplace_back(), store_of(world, place.home));
  for (const std::string& name : standby) {
    TW_ASSIGN_OR_RETURN(stores.emplace_back(), store_of(world, name));
  }
  return stores;
}

// What the supplier is not told, and must hand over unseen.
Result<std::map<std::string, std::string>> agent_secrets(const World& world, const JobPlace& place) {
  if (!place.encrypted) return std::map<std::string, std::string>();
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore * home, store_of(world, place.home));
  return world.seals->agent_secrets(*home, prefix_of(world, place));
}

// All that the supplier is told. By now the job's mailbox holds what the agent must find.
Result<provider::LaunchRequest> launch_request(const World& world, const scheduler::Launch& launch) {
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore * store, store_of_job(world, place_of(launch), launch.home));
  TW_ASSIGN_OR_RETURN(provider::Provider * supplier, provider_of(world, launch.offer.location));
  const provider::Capabilities& there = supplier->capabilities();
  mailbox::Mailbox box(*store, world.owner, launch.job);
  TW_RETURN_IF_ERROR(box.write_spec(launch.spec));  // the agent must find its work
  if (there.far) TW_RETURN_IF_ERROR(checkpoint::pack(launch.spec, *store, box.prefix(), world.clock->now()));
  provider::LaunchRequest request;
  request.token = launch.lease.text();
  request.owner = world.owner;
  request.offer = launch.offer;
  request.job = launch.job;
  request.nodes = std::max(launch.spec.num_nodes, 1);
  request.hard_limit = launch.hard_limit;
  TW_ASSIGN_OR_RETURN(request.agent_arguments, agent_arguments(world, there, launch));
  TW_ASSIGN_OR_RETURN(request.secrets, agent_secrets(world, place_of(launch)));
  if (there.needs_relay && world.relay_pass) {
    std::vector<std::string> stores = standby_stores(launch.spec, launch.home);
    stores.insert(stores.begin(), launch.home);
    request.secrets.merge(world.relay_pass(prefix_of(world, place_of(launch)), stores));
  }
  return request;
}

scheduler::LaunchReply reply_to(const scheduler::Launch& launch, const Result<provider::Launched>& launched) {
  scheduler::LaunchReply reply{launch.lease, {}, {}, std::nullopt};
  if (launched.ok()) {
    reply.instance = launched->ref;
    reply.launched_at = launched->launched_at;
  } else {
    reply.error = launched.error();
  }
  return reply;
}

scheduler::TerminateReply reply_to(const scheduler::Terminate& terminate,
                                   const Result<provider::TerminateState>& state) {
  scheduler::TerminateReply reply{terminate.lease, terminate.instance, false, std::nullopt};
  if (state.ok()) {
    reply.done = *state == provider::TerminateState::done;
  } else {
    reply.error = state.error();
  }
  return reply;
}

// Where the action is to be performed; nullptr: it is none of a supplier that takes several.
const Location* place_of(const scheduler::Action& action) {
  if (const auto* launch = std::get_if<scheduler::Launch>(&action)) return &launch->offer.location;
  if (const auto* terminate = std::get_if<scheduler::Terminate>(&action))
    return &terminate->instance.location;
  return nullptr;
}

std::vector<Observation> launch_together(const World& world, const std::vector<scheduler::Action>& actions) {
  std::vector<Observation> observations;
  std::vector<const scheduler::Launch*> launches;
  std::vector<provider::LaunchRequest> requests;
  for (const scheduler::Action& action : actions) {
    const auto& launch = std::get<scheduler::Launch>(action);
    Result<provider::LaunchRequest> request = launch_request(world, launch);
    if (!request.ok()) {
      observations.emplace_back(reply_to(launch, request.error()));
      continue;
    }
    launches.push_back(&launch);
    requests.push_back(*std::move(request));
  }
  if (requests.empty()) return observations;
  const Result<provider::Provider*> supplier = provider_of(world, launches.front()->offer.location);
  const std::vector<Result<provider::Launched>> answers = (*supplier)->launch_many(requests);
  for (std::size_t i = 0; i < launches.size(); ++i)
    observations.emplace_back(reply_to(*launches[i], answers[i]));
  return observations;
}

std::vector<Observation> terminate_together(const World& world,
                                            const std::vector<scheduler::Action>& actions) {
  std::vector<InstanceRef> instances;
  for (const scheduler::Action& action : actions)
    instances.push_back(std::get<scheduler::Terminate>(action).instance);
  const Result<provider::Provider*> supplier = provider_of(world, instances.front().location);
  const std::vector<Result<provider::TerminateState>> answers = (*supplier)->terminate_many(instances);
  std::vector<Observation> observations;
  for (std::size_t i = 0; i < actions.size(); ++i)
    observations.emplace_back(reply_to(std::get<scheduler::Terminate>(actions[i]), answers[i]));
  return observations;
}

struct Perform {
  const World& world;

  Observation operator()(const scheduler::Launch& launch) const {
    const Result<provider::LaunchRequest> request = launch_request(world, launch);
    if (!request.ok()) return reply_to(launch, request.error());
    return reply_to(launch, (*provider_of(world, launch.offer.location))->launch(*request));
  }

  Observation operator()(const scheduler::Terminate& terminate) const {
    const Result<provider::Provider*> supplier = provider_of(world, terminate.instance.location);
    if (!supplier.ok()) return reply_to(terminate, supplier.error());
    return reply_to(terminate, (*supplier)->terminate(terminate.instance));
  }

  Observation operator()(const scheduler::ListInstances& list) const {
    scheduler::Listing listing{list.provider, world.clock->now(), {}, std::nullopt};
    const Result<provider::Provider*> supplier = provider_named(world, list.provider);
    if (!supplier.ok()) {
      listing.error = supplier.error();
      return listing;
    }
    std::string page;
    do {
      Result<InstancePage> next = (*supplier)->instances(world.owner, page);
      if (!next.ok()) {
        listing.error = next.error();
        return listing;
      }
      for (Instance& instance : next->instances) listing.instances.push_back(std::move(instance));
      page = next->next_page;
    } while (!page.empty());
    return listing;
  }

  Observation operator()(const scheduler::ReadMailbox& read) const {
    scheduler::MailboxReading reading{read.job, world.clock->now(), std::nullopt, {}, {}};
    const Result<objectstore::ObjectStore*> store =
        store_of_job(world, {read.job, read.home, read.encrypted}, read.home);
    if (!store.ok()) {
      reading.error = store.error();
      return reading;
    }
    mailbox::Mailbox box(**store, world.owner, read.job);
    if (const Status probe = box.probe(format_utc(reading.asked_at)); !probe.ok()) {
      reading.error = probe.error();
      return reading;
    }
    // Statuses first: what a status claims to have committed is then in the ledger that is read after it.
    for (const LeaseId& lease : read.leases) {
      Result<AgentStatus> status = box.read_status(lease);
      if (status.ok()) {
        reading.statuses.push_back(*std::move(status));
      } else if (status.error().code != Code::not_found) {
        reading.error = status.error();
        return reading;
      }
    }
    Result<std::vector<LedgerRecord>> ledger =
        checkpoint::read_ledger(**store, box.prefix(), read.ledger_after);
    if (ledger.ok()) {
      reading.ledger = *std::move(ledger);
    } else {
      reading.error = ledger.error();
    }
    return reading;
  }

  Observation operator()(const scheduler::WriteOrder& write) const {
    scheduler::OrderWritten written{write.lease, write.order.number, std::nullopt};
    const Result<objectstore::ObjectStore*> store =
        store_of_job(world, {write.job, write.home, write.encrypted}, write.home);
    if (!store.ok()) {
      written.error = store.error();
      return written;
    }
    mailbox::Mailbox box(**store, world.owner, write.job);
    if (const Status status = box.write_order(write.lease, write.order); !status.ok())
      written.error = status.error();
    return written;
  }
};

}  // namespace

Result<objectstore::ObjectStore*> store_of(const World& world, const std::string& name) {
  const auto found = world.stores.find(name);
  if (found != world.stores.end()) return found->second;
  if (world.open_store && name.find("://") != std::string::npos) return world.open_store(name);
  std::vector<std::string> names;
  for (const auto& [known, store] : world.stores) names.push_back(known);
  return Error{Code::not_found, "there is no store named '" + name + "'",
               "name one of " + join(names, ", ") + ", or a URL such as s3://bucket/prefix"};
}

// A refusal of a supplier would shut an offer for all jobs; that a key is missing says nothing of the offer.
Result<objectstore::ObjectStore*> store_of_job(const World& world, const JobPlace& place,
                                               const std::string& name) {
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore * store, store_of(world, name));
  if (!place.encrypted) return store;
  if (!world.seals) return Error{Code::unavailable, "encrypted jobs cannot be read here"};
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore * home, store_of(world, place.home));
  Result<objectstore::ObjectStore*> view = world.seals->view(*store, *home, prefix_of(world, place));
  if (view.ok()) return view;
  return Error{Code::unavailable, view.error().message, view.error().hint};
}

Status begin_seal(const World& world, const JobPlace& place, const std::vector<std::string>& standby) {
  if (!world.seals) return Error{Code::invalid_argument, "jobs cannot be encrypted here"};
  TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectStore*> stores, all_stores(world, place, standby));
  const Status begun = world.seals->begin(stores, prefix_of(world, place));
  if (!begun.ok()) world.seals->withdraw(stores, prefix_of(world, place));
  return begun;
}

void withdraw_seal(const World& world, const JobPlace& place, const std::vector<std::string>& standby) {
  const auto stores = all_stores(world, place, standby);
  if (stores.ok() && world.seals) world.seals->withdraw(*stores, prefix_of(world, place));
}

std::vector<std::string> standby_stores(const JobSpec& spec, const std::string& home) {
  std::vector<std::string> names;
  for (const std::string& name : spec.checkpoint.stores) {
    if (name != home && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::optional<Batching> batching_of(const World& world, const scheduler::Action& action) {
  const Location* place = place_of(action);
  if (place == nullptr) return std::nullopt;
  const Result<provider::Provider*> supplier = provider_of(world, *place);
  if (!supplier.ok() || (*supplier)->capabilities().batch_max < 2) return std::nullopt;
  const provider::Capabilities& facts = (*supplier)->capabilities();
  const bool launching = std::holds_alternative<scheduler::Launch>(action);
  return Batching{(launching ? "launch " : "terminate ") + provider::supplier_name(facts),
                  static_cast<std::size_t>(facts.batch_max)};
}

std::vector<scheduler::Observation> perform_together(const World& world,
                                                     const std::vector<scheduler::Action>& actions) {
  if (actions.size() == 1) return {perform(world, actions.front())};
  const bool launching = std::holds_alternative<scheduler::Launch>(actions.front());
  return launching ? launch_together(world, actions) : terminate_together(world, actions);
}

std::string out_of_reach(const World& world, const JobSpec& spec, const std::string& home,
                         const Location& location) {
  const Result<provider::Provider*> supplier = provider_of(world, location);
  if (!supplier.ok() || !(*supplier)->capabilities().network_stores_only) return {};
  const provider::Capabilities& there = (*supplier)->capabilities();
  const auto refused = [&](const std::string& what, const std::string& cure) {
    return "what runs on " + provider::supplier_name(there) + " sees no folder of this machine, and " + what +
           " lies in one; " + cure;
  };
  std::vector<std::string> stores = standby_stores(spec, home);
  stores.insert(stores.begin(), home);
  for (const std::string& name : stores) {
    const std::string url = written_url(world, there, name);
    if (url.starts_with("file:"))
      return refused("the job's store " + url,
                     "name one of the network in the task: checkpoint.stores: [s3://BUCKET/PREFIX]");
  }
  for (const std::string& url : data_urls(spec)) {
    if (url.starts_with("file:"))
      return refused("the job's data " + url, "copy it to a store of the network");
  }
  return {};
}

scheduler::Observation perform(const World& world, const scheduler::Action& action) {
  return std::visit(Perform{world}, action);
}

}  // namespace tradewind::broker
