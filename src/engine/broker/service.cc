#include "engine/broker/service.h"

#include <chrono>

#include "base/text.h"
#include "edge/objectstore/registry.h"
#include "edge/objectstore/store_probe.h"

namespace tradewind::broker {
namespace {

Error not_running() {
  return {Code::unavailable, "the control plane is stopping", "ask again once it runs"};
}

// As far as it can be told without looking there.
Status check_data(const JobSpec& spec) {
  TW_RETURN_IF_ERROR(check_targets_apart(spec.file_mounts));
  for (const auto& [name, input] : spec.inputs) {
    if (!is_input_name(name))
      return Error{Code::invalid_argument, "inputs: '" + name + "' is no name for an input"};
  }
  for (const std::string& url : data_urls(spec)) {
    const Status known = objectstore::check_store_url(url);
    if (!known.ok()) {
      return Error{known.error().code, "the job's data: " + known.error().message, known.error().hint};
    }
  }
  return {};
}

}  // namespace

Service::Service(ServiceParts parts)
    : world_(parts.world),
      home_(std::move(parts.home)),
      log_(std::move(parts.log)),
      runner_(parts.world, parts.threads),
      store_(parts.store),
      broker_({parts.store, runner_, *parts.world.clock, std::move(parts.survey), parts.start,
               scheduler::decide, [this](const scheduler::Answer& given) { answer(given); }}),
      random_(parts.start.random.next()) {}

Result<std::unique_ptr<Service>> Service::start(ServiceParts parts) {
  std::unique_ptr<Service> service(new Service(std::move(parts)));
  TW_RETURN_IF_ERROR(service->broker_.load());
  service->thread_ = std::thread([raw = service.get()] { raw->run(); });
  return service;
}

Service::~Service() {
  {
    const std::lock_guard lock(state_mutex_);
    stopping_ = true;
  }
  state_changed_.notify_all();
  runner_.wake();
  if (thread_.joinable()) thread_.join();
}

void Service::run() {
  while (true) {
    const std::vector<scheduler::Observation> observations = broker_.wait();
    std::unique_lock lock(state_mutex_);
    if (stopping_) break;
    const Status turned = broker_.turn(observations);
    const bool changed = changes_ != broker_.changes();
    changes_ = broker_.changes();
    lock.unlock();
    if (changed) state_changed_.notify_all();
    if (!turned.ok()) log_("the state could not be stored: " + describe(turned.error()));
  }
  {
    const std::lock_guard lock(answers_mutex_);
    ended_ = true;
  }
  answers_changed_.notify_all();
}

std::string Service::new_id(std::string_view prefix) {
  const std::lock_guard lock(answers_mutex_);
  return random_name(random_, prefix, 10);
}

Result<std::string> Service::ask(const std::function<scheduler::Observation(std::uint64_t)>& make) {
  std::unique_lock lock(answers_mutex_);
  const std::uint64_t ticket = next_ticket_++;
  answers_[ticket] = std::nullopt;
  lock.unlock();
  runner_.post(make(ticket));
  lock.lock();
  answers_changed_.wait(lock, [&] { return ended_ || answers_[ticket].has_value(); });
  const std::optional<Result<std::string>> given = answers_[ticket];
  answers_.erase(ticket);
  if (!given) return not_running();
  return *given;
}

void Service::answer(const scheduler::Answer& given) {
  {
    const std::lock_guard lock(answers_mutex_);
    const auto waiting = answers_.find(given.ticket);
    if (waiting != answers_.end()) waiting->second = given.value;
  }
  answers_changed_.notify_all();
}

void Service::set_offers(std::vector<Offer> offers) {
  const std::lock_guard lock(state_mutex_);
  broker_.set_offers(std::move(offers));
}

Result<JobId> Service::submit(const JobSpec& spec) {
  if (spec.run.empty())
    return Error{Code::invalid_argument, "the job has no `run` commands", "say what to run"};
  const std::string home = spec.checkpoint.stores.empty() ? home_ : spec.checkpoint.stores.front();
  std::vector<std::string> stores = standby_stores(spec, home);
  stores.insert(stores.begin(), home);
  for (const std::string& name : stores) {
    const Result<objectstore::ObjectStore*> store = store_of(world_, name);
    if (store.ok()) continue;
    const Code code = store.error().code == Code::not_found ? Code::invalid_argument : store.error().code;
    return Error{code, "checkpoint.stores: " + store.error().message, store.error().hint};
  }
  TW_RETURN_IF_ERROR(check_data(spec));
  TW_RETURN_IF_ERROR(fit_for_ledger(home));
  const JobId id(new_id("j-"));
  if (spec.checkpoint.encrypt) {
    TW_RETURN_IF_ERROR(begin_seal(world_, {id, home, true}, standby_stores(spec, home)));
  }
  const Result<std::string> made = ask([&](std::uint64_t ticket) -> scheduler::Observation {
    return scheduler::SubmitCommand{ticket, id, spec, home};
  });
  if (made.ok()) return JobId(*made);
  const bool refused = made.error().code != Code::unavailable;  // else it may have been taken
  if (refused && spec.checkpoint.encrypt) withdraw_seal(world_, {id, home, true}, standby_stores(spec, home));
  return made.error();
}

// A store across a network is proved once, and not taken at its word.
Status Service::fit_for_ledger(const std::string& home) {
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore* const store, store_of(world_, home));
  const std::string url = store->url();
  if (url.find("://") == std::string::npos || url.starts_with("file:")) return {};
  {
    const std::lock_guard lock(fit_mutex_);
    if (fit_.contains(home)) return {};
  }
  TW_RETURN_IF_ERROR(objectstore::prove_create_if_absent(*store));
  const std::lock_guard lock(fit_mutex_);
  fit_.insert(home);
  return {};
}

Status Service::cancel(const JobId& job) {
  const Result<std::string> answer = ask([&](std::uint64_t ticket) -> scheduler::Observation {
    return scheduler::CancelCommand{ticket, job};
  });
  return answer.ok() ? Status() : Status(answer.error());
}

Result<MoveId> Service::move(const JobId& job, const Location& target) {
  const MoveId id(new_id("m-"));
  TW_ASSIGN_OR_RETURN(const std::string made, ask([&](std::uint64_t ticket) -> scheduler::Observation {
                        return scheduler::MoveCommand{ticket, id, job, target};
                      }));
  return MoveId(made);
}

Status Service::view(const std::function<void(const ClusterState&)>& read) {
  const std::lock_guard lock(state_mutex_);
  if (stopping_) return not_running();
  if (!broker_.is_readable()) {
    return Error{Code::unavailable, "the state could not be read again after a failed write",
                 "the server's log says why; ask again"};
  }
  read(broker_.state());
  return {};
}

Result<std::vector<store::HistoryEntry>> Service::history(const store::HistoryQuery& query) {
  const std::lock_guard lock(state_mutex_);
  if (stopping_) return not_running();
  return store_.history(query);
}

Result<std::uint64_t> Service::wait_for_change(std::uint64_t version, Duration patience) {
  std::unique_lock lock(state_mutex_);
  state_changed_.wait_for(lock, patience, [&] { return stopping_ || changes_ > version; });
  if (stopping_) return not_running();
  return changes_;
}

Result<Service::Placed> Service::placed(const JobId& job) {
  std::optional<Placed> placed;
  TW_RETURN_IF_ERROR(view([&](const ClusterState& state) {
    const auto found = state.jobs.find(job);
    if (found == state.jobs.end()) return;
    const JobSpec& spec = found->second.spec;
    placed =
        Placed{{job, found->second.home, spec.checkpoint.encrypt}, standby_stores(spec, found->second.home)};
  }));
  if (!placed)
    return Error{Code::not_found, "there is no job '" + job.text() + "'", "'tradewind jobs' lists them"};
  if (!store_of(world_, placed->place.home).ok()) {
    return Error{Code::not_found, "job '" + job.text() + "' keeps its state in '" + placed->place.home +
                                      "', a store this server does not have"};
  }
  return *std::move(placed);
}

Result<mailbox::Mailbox> Service::mailbox_of(const JobId& job) {
  TW_ASSIGN_OR_RETURN(const Placed placed, this->placed(job));
  TW_ASSIGN_OR_RETURN(objectstore::ObjectStore* const store,
                      store_of_job(world_, placed.place, placed.place.home));
  return mailbox::Mailbox(*store, world_.owner, job);
}

Result<checkpoint::ChunkPlace> Service::chunks_of(const JobId& job) {
  TW_ASSIGN_OR_RETURN(const Placed placed, this->placed(job));
  checkpoint::ChunkPlace place;
  TW_ASSIGN_OR_RETURN(place.home, store_of_job(world_, placed.place, placed.place.home));
  place.job_prefix = mailbox::job_prefix(world_.owner, job);
  for (const std::string& name : placed.standby) {
    const Result<objectstore::ObjectStore*> store = store_of_job(world_, placed.place, name);
    if (store.ok()) place.standby.push_back(*store);
  }
  return place;
}

}  // namespace tradewind::broker
