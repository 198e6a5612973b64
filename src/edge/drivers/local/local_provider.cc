#include "edge/drivers/local/local_provider.h"

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <signal.h>

#include "edge/drivers/local/machine_environment.h"
#include "edge/drivers/local/salvage.h"
#include "edge/io/errno_error.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::local {
namespace {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;
using std::filesystem::path;

constexpr Duration lock_patience = std::chrono::seconds(90);
constexpr Duration start_patience = std::chrono::seconds(30);

// Names in a folder of folders, ascending, without hidden ones. Empty when it is missing.
std::vector<std::string> names_in(const path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (is_token(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

provider::Capabilities capabilities_of(const std::vector<Zone>& zones) {
  provider::Capabilities facts;
  facts.provider = "local";
  std::optional<Duration> lead;
  for (const Zone& zone : zones) {
    facts.regions.push_back(zone.name);
    facts.spot |= zone.sells_spot;
    for (const Offer& offer : offers_of(zone, "")) {
      if (offer.notice_lead) lead = std::min(lead.value_or(*offer.notice_lead), *offer.notice_lead);
    }
  }
  facts.notice_lead = lead.value_or(Duration(0));  // that every zone keeps; offers tell their own
  return facts;
}

Instance as_instance(const LaunchRecord& launch, const StateRecord& state) {
  Instance instance;
  instance.ref = {launch.offer.location, InstanceId(launch.token)};
  instance.owner = launch.owner;
  instance.token = launch.token;
  instance.state = state.state;
  instance.launched_at = launch.launched_at;
  instance.terminated_at = state.terminated_at;
  instance.preempted = state.preempted;
  instance.reason = state.reason;
  return instance;
}

Launched as_launched(const LaunchRecord& launch) {
  return {{launch.offer.location, InstanceId(launch.token)}, launch.launched_at};
}

Status check_options(const LocalOptions& options) {
  std::set<std::string> names;
  for (const Zone& zone : options.zones) {
    if (!names.insert(zone.name).second) {
      return Error{Code::invalid_argument, "there are two zones named '" + zone.name + "'"};
    }
  }
  if (options.root.is_relative() || options.stores.is_relative()) {
    return Error{Code::invalid_argument, "the local supplier's folders must be absolute paths"};
  }
  if (options.machine_program.empty() || options.agent_program.empty()) {
    return Error{Code::invalid_argument, "the local supplier was not told which programs to start"};
  }
  return {};
}

}  // namespace

LocalProvider::LocalProvider(LocalOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), capabilities_(capabilities_of(options_.zones)) {}

Result<std::unique_ptr<LocalProvider>> LocalProvider::open(LocalOptions options, const Clock& clock) {
  TW_RETURN_IF_ERROR(check_options(options));
  for (const char* folder : {"instances", "ended", "zones"}) {
    TW_RETURN_IF_ERROR(io::make_folders(options.root / folder, 0700));
  }
  for (Zone& zone : options.zones) {
    if (!options.keeps_stores) continue;
    if (zone.store.empty()) zone.store = objectstore::file_url((options.stores / zone.name).string());
    if (!zone.store.starts_with("file:")) continue;
    TW_ASSIGN_OR_RETURN(const std::string folder, objectstore::path_of_file_url(zone.store));
    TW_RETURN_IF_ERROR(io::make_folders(folder, 0700));
  }
  return std::unique_ptr<LocalProvider>(new LocalProvider(std::move(options), clock));
}

Result<std::vector<Offer>> LocalProvider::offers(const provider::OfferQuery& query) {
  const std::string day = format_utc(clock_.now()).substr(0, 10);
  std::vector<Offer> found;
  for (const Zone& zone : options_.zones) {
    if (!query.region.empty() && query.region != zone.name) continue;
    for (Offer& offer : offers_of(zone, day)) found.push_back(std::move(offer));
  }
  return found;
}

Result<Launched> LocalProvider::launch(const LaunchRequest& request) {
  if (!is_token(request.token)) {
    return Error{Code::invalid_argument, "'" + request.token + "' cannot be a launch token",
                 "use up to 64 letters, digits, '.', '_' and '-'"};
  }
  TW_ASSIGN_OR_RETURN(const io::FileLock held, lock());
  for (const path& folder : {instances_folder(), ended_folder()}) {
    const InstanceFolder known(folder / request.token);
    if (io::path_exists(known.path())) return launch_again(known, request);
  }
  TW_ASSIGN_OR_RETURN(const Zone* zone, zone_of_offer(request.offer));
  return launch_new(*zone, request);
}

Result<InstancePage> LocalProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  if (!page.empty() && !is_token(page)) {
    return Error{Code::invalid_argument, "'" + page + "' is not a page of the local supplier's instances"};
  }
  InstancePage answer;
  const std::vector<std::string> names = names_in(instances_folder());
  for (auto name = std::upper_bound(names.begin(), names.end(), page); name != names.end(); ++name) {
    const InstanceFolder folder(instances_folder() / *name);
    const Result<LaunchRecord> launch = folder.launch();
    if (!launch && !io::path_exists(folder.path())) continue;  // archived since the folder was read
    if (!launch) return launch.error();
    if (launch->owner != owner) continue;
    TW_ASSIGN_OR_RETURN(const StateRecord state, tend(folder, *name));
    const bool old = state.terminated_at && *state.terminated_at + options_.shown_after_end < clock_.now();
    if (old) {
      TW_RETURN_IF_ERROR(archive(folder, *name));
      continue;
    }
    if (answer.instances.size() == options_.page_size) {
      answer.next_page = answer.instances.back().token;
      return answer;
    }
    answer.instances.push_back(as_instance(*launch, state));
  }
  return answer;
}

Result<TerminateState> LocalProvider::terminate(const InstanceRef& instance) {
  const std::string& token = instance.id.text();
  const InstanceFolder folder(instances_folder() / (is_token(token) ? token : ".none"));
  const Result<LaunchRecord> launch = folder.launch();
  if (!launch && launch.error().code == Code::not_found) return TerminateState::done;
  if (!launch) return launch.error();
  if (launch->offer.location != instance.location) return TerminateState::done;
  // Written before the state is looked at: a machine that begins at this moment finds it.
  const Status asked = io::create_file_atomic(folder.terminate_request(), "", {0600, true});
  if (!asked && asked.error().code != Code::conflict) return asked.error();
  TW_ASSIGN_OR_RETURN(const StateRecord state, tend(folder, token));
  return state.state == InstanceState::terminated ? TerminateState::done : TerminateState::in_progress;
}

Result<std::string> LocalProvider::zone_store_url(const Location& location) const {
  const Zone* zone = find_zone(location);
  if (zone == nullptr) return Error{Code::not_found, "there is no zone " + tradewind::to_text(location)};
  return zone->store;
}

const Zone* LocalProvider::find_zone(const Location& location) const {
  for (const Zone& zone : options_.zones) {
    if (location_of(zone) == location) return &zone;
  }
  return nullptr;
}

Result<const Zone*> LocalProvider::zone_of_offer(const Offer& offer) const {
  const Zone* zone = find_zone(offer.location);
  if (zone == nullptr) {
    return Error{Code::invalid_argument,
                 "there is no zone " + tradewind::to_text(offer.location) + " on this machine",
                 "look at the zones file"};
  }
  for (const Offer& sold : offers_of(*zone, "")) {
    if (offer_key(sold) == offer_key(offer)) return zone;
  }
  return Error{Code::invalid_argument, offer_key(offer) + " is not on offer"};
}

Result<io::FileLock> LocalProvider::lock() const {
  Result<io::FileLock> held = io::FileLock::acquire(options_.root / "lock", lock_patience);
  if (!held && held.error().code == Code::conflict) {
    return Error{Code::unavailable, "the local supplier is busy: " + held.error().message};
  }
  return held;
}

Result<Launched> LocalProvider::launch_again(const InstanceFolder& folder, const LaunchRequest& request) {
  TW_ASSIGN_OR_RETURN(const LaunchRecord launch, folder.launch());
  if (offer_key(launch.offer) != offer_key(request.offer) || launch.owner != request.owner) {
    return Error{Code::invalid_argument,
                 "token " + request.token + " was used for " + offer_key(launch.offer) + " before",
                 "take a new token for another request"};
  }
  if (folder.path().parent_path() == instances_folder()) {
    // Starts it when a crash came between its making and its start.
    TW_ASSIGN_OR_RETURN([[maybe_unused]] const StateRecord state,
                        settle(folder, request.token, request.secrets));
  }
  return as_launched(launch);
}

Result<Launched> LocalProvider::launch_new(const Zone& zone, const LaunchRequest& request) {
  LaunchRecord record;
  record.token = request.token;
  record.owner = request.owner;
  record.job = request.job;
  record.offer = request.offer;
  TW_ASSIGN_OR_RETURN(record.zone, lent(zone));
  record.lending = options_.lending;
  record.launched_at = clock_.now();
  record.hard_limit = request.hard_limit;
  record.agent = options_.agent_program;
  record.agent.insert(record.agent.end(), request.agent_arguments.begin(), request.agent_arguments.end());
  TW_ASSIGN_OR_RETURN(record.zone_epoch, zone_epoch(zone, record.launched_at));
  TW_RETURN_IF_ERROR(check_room(record.zone, request.offer.purchase, record.zone_epoch, record.launched_at));
  TW_RETURN_IF_ERROR(publish(record));
  const InstanceFolder folder(instances_folder() / record.token);
  const Status started = start_machine(folder, request.secrets);
  if (started) return as_launched(record);
  // Nothing runs and nothing was told to anybody: the token is unused again.
  if (!io::FileLock::is_held(folder.alive_lock())) TW_RETURN_IF_ERROR(io::remove_tree(folder.path()));
  return started.error();
}

Status LocalProvider::check_room(const Zone& zone, Purchase purchase, Time zone_epoch, Time now) {
  const bool shared = zone.trace && zone.trace->clock == TraceClock::zone;
  const Duration passed = shared ? std::max(now - zone_epoch, Duration(0)) : Duration(0);
  if (purchase == Purchase::spot && zone.trace && !available_at(*zone.trace, passed)) {
    return Error{Code::insufficient_capacity, "zone " + zone.name + " has no spot capacity now"};
  }
  int living = 0;
  for (const std::string& name : names_in(instances_folder())) {
    const InstanceFolder folder(instances_folder() / name);
    TW_ASSIGN_OR_RETURN(const LaunchRecord launch, folder.launch());
    if (launch.zone.name != zone.name) continue;
    TW_ASSIGN_OR_RETURN(const StateRecord state, settle(folder, name));
    if (state.state != InstanceState::terminated) ++living;
  }
  if (living < zone.capacity) return check_share(zone);
  return Error{Code::insufficient_capacity,
               "zone " + zone.name + " is full: " + std::to_string(living) + " of " +
                   std::to_string(zone.capacity) + " instances live",
               "wait, or raise its capacity in the zones file"};
}

// Where numbers of cores and GPUs are claimed, those beyond what is lent are never claimed by anybody.
Result<Zone> LocalProvider::lent(const Zone& zone) const {
  if (!options_.lending) return zone;
  const Time now = io::SystemClock().now();  // the owner's clock, not the asker's
  const lending::State state = lending::LendingWatch(*options_.lending, options_.environment).look(now);
  if (!state.ruled) return zone;
  const bool closing = state.open && state.until && *state.until - now <= state.rules.yield;
  if (!state.open || closing) {
    const std::string opens =
        state.until ? "it opens at " + lending::local_text(*state.until, now) + ", by its own clock" : "";
    return Error{Code::insufficient_capacity,
                 "the machine takes no jobs now: " + (closing ? "its hours end" : state.why),
                 closing ? "" : opens};
  }
  Zone capped = zone;
  const lending::Rules& rules = state.rules;
  const int gpus = zone.share ? zone.share->gpus : 0;
  const double cores = zone.share ? zone.share->cores : zone.cpus;
  const bool beyond = gpus > rules.gpus.value_or(gpus) || cores > rules.cores.value_or(4096) ||
                      zone.memory_gib > rules.memory_gib.value_or(zone.memory_gib);
  if (beyond) {
    return Error{
        Code::insufficient_capacity,
        "zone " + zone.name + " is more than the machine's owner lends: " + lending::limits_text(rules),
        "take a smaller one"};
  }
  TW_RETURN_IF_ERROR(check_lent(zone, rules));
  if (!capped.share) return capped;
  capped.share->cores_total =
      std::min(capped.share->cores_total, rules.cores.value_or(capped.share->cores_total));
  capped.share->gpus_total =
      std::min(capped.share->gpus_total, rules.gpus.value_or(capped.share->gpus_total));
  return capped;
}

Result<std::vector<LaunchRecord>> LocalProvider::living_launches() const {
  std::vector<LaunchRecord> living;
  for (const std::string& name : names_in(instances_folder())) {
    const InstanceFolder folder(instances_folder() / name);
    TW_ASSIGN_OR_RETURN(LaunchRecord launch, folder.launch());
    TW_ASSIGN_OR_RETURN(const StateRecord state, folder.state());
    if (state.state != InstanceState::terminated) living.push_back(std::move(launch));
  }
  return living;
}

Status LocalProvider::check_lent(const Zone& zone, const lending::Rules& rules) const {
  double memory_gib = zone.memory_gib;
  double cores = zone.cpus;
  TW_ASSIGN_OR_RETURN(const std::vector<LaunchRecord> living, living_launches());
  for (const LaunchRecord& launch : living) {
    memory_gib += launch.zone.memory_gib;
    cores += launch.zone.cpus;
  }
  constexpr double rounding = 0.05;  // of memory, which is told to a tenth
  const bool fits =
      memory_gib <= rules.memory_gib.value_or(memory_gib) + rounding && cores <= rules.cores.value_or(4096);
  if (fits) return {};
  return Error{Code::insufficient_capacity,
               "what the machine's owner lends is in use: " + lending::limits_text(rules),
               "wait until some instances end"};
}

Status LocalProvider::check_share(const Zone& zone) {
  if (!zone.share) return {};
  const Share& wanted = *zone.share;
  int cores = wanted.cores;
  int gpus = wanted.gpus;
  TW_ASSIGN_OR_RETURN(const std::vector<LaunchRecord> living, living_launches());
  for (const LaunchRecord& launch : living) {
    if (!launch.zone.share) continue;
    cores += launch.zone.share->cores;
    gpus += launch.zone.share->gpus;
  }
  const bool fits = (wanted.cores_total == 0 || cores <= wanted.cores_total) &&
                    (wanted.gpus_total == 0 || gpus <= wanted.gpus_total);
  if (fits && Claims::has_room(wanted)) return {};
  return Error{Code::insufficient_capacity,
               "the machine has not " + std::to_string(wanted.cores) + " cores and " +
                   std::to_string(wanted.gpus) +
                   " GPUs free: " + (fits ? "others have claimed them" : "its instances hold them"),
               "wait until some of them end"};
}

Result<Time> LocalProvider::zone_epoch(const Zone& zone, Time now) {
  const path folder = options_.root / "zones" / zone.name;
  TW_RETURN_IF_ERROR(io::make_folders(folder, 0700));
  const Status created = io::create_file_atomic(folder / "epoch", format_utc(now) + "\n", {0600, true});
  if (!created && created.error().code != Code::conflict) return created.error();
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(folder / "epoch"));
  Result<Time> epoch = parse_utc(text.substr(0, text.find('\n')));
  if (epoch) return epoch;
  return Error{Code::corrupt, (folder / "epoch").string() + " holds no time",
               "delete it: the zone's trace begins anew"};
}

Status LocalProvider::publish(const LaunchRecord& record) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(instances_folder(), error)) {
    const bool abandoned = entry.path().filename().string().starts_with(".new-");  // we hold the lock
    if (abandoned) TW_RETURN_IF_ERROR(io::remove_tree(entry.path()));
  }
  TW_ASSIGN_OR_RETURN(const path beside, io::make_temp_dir(".new-", instances_folder()));
  Status written = InstanceFolder(beside).write(record);
  if (written) std::filesystem::rename(beside, instances_folder() / record.token, error);
  if (!written || error) static_cast<void>(io::remove_tree(beside));
  if (!written) return written;
  if (error) return io::errno_error(error.value(), "make " + (instances_folder() / record.token).string());
  return io::sync_folder(instances_folder());
}

Status LocalProvider::start_machine(const InstanceFolder& folder, const Secrets& secrets) {
  TW_ASSIGN_OR_RETURN(const io::FileLock alive, io::FileLock::acquire(folder.alive_lock(), start_patience));
  const io::UniqueFd log(
      ::open(folder.machine_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return io::errno_error(errno, "open " + folder.machine_log().string());
  io::SpawnRequest request;
  request.argv = options_.machine_program;
  request.argv.push_back("--dir=" + folder.path().string());
  request.environment = options_.environment;
  for (const auto& [name, value] : handed_over(secrets)) request.environment[name] = value;
  request.cwd = "/";
  request.stdin_fd = alive.fd();  // the lock passes on to the machine
  request.stdout_fd = log.get();
  request.stderr_fd = log.get();
  TW_ASSIGN_OR_RETURN(io::Child child, io::spawn(request));
  // It leaves the machine behind and ends at once.
  TW_ASSIGN_OR_RETURN(const std::optional<io::ExitStatus> status, child.wait_for(start_patience));
  if (status && status->success()) return {};
  if (!status) {
    TW_RETURN_IF_ERROR(child.signal_group(SIGKILL));
    static_cast<void>(child.wait());
  }
  return Error{Code::internal,
               "'" + options_.machine_program[0] +
                   "' did not start a machine: " + (status ? to_text(*status) : std::string("it hung")),
               "see " + folder.machine_log().string()};
}

Result<StateRecord> LocalProvider::settle(const InstanceFolder& folder, const std::string& token,
                                          const Secrets& secrets) {
  TW_ASSIGN_OR_RETURN(const StateRecord state, folder.state());
  if (state.state == InstanceState::terminated) return state;
  if (io::FileLock::is_held(folder.alive_lock())) return state;
  // Ended between the two looks?
  TW_ASSIGN_OR_RETURN(const StateRecord again, folder.state());
  if (again.state == InstanceState::terminated) return again;
  const bool begun = io::path_exists(folder.machine_file());
  const bool unwanted = io::path_exists(folder.terminate_request());
  if (!begun && !unwanted) {
    TW_RETURN_IF_ERROR(start_machine(folder, secrets));
  } else {
    TW_RETURN_IF_ERROR(salvage(folder, token, clock_.now()));
  }
  return folder.state();
}

Result<StateRecord> LocalProvider::tend(const InstanceFolder& folder, const std::string& token) {
  TW_ASSIGN_OR_RETURN(const StateRecord state, folder.state());
  if (state.state == InstanceState::terminated || io::FileLock::is_held(folder.alive_lock())) return state;
  TW_ASSIGN_OR_RETURN(const io::FileLock held, lock());
  return settle(folder, token);
}

Status LocalProvider::archive(const InstanceFolder& folder, const std::string& token) {
  TW_ASSIGN_OR_RETURN(const io::FileLock held, lock());
  if (!io::path_exists(folder.path())) return {};
  if (!options_.remembers_tokens) return io::remove_tree(folder.path());
  for (const path& part :
       {folder.scratch(), folder.agent_log(), folder.machine_log(), folder.alive_lock(),
        folder.terminate_request(), folder.notice(), folder.limit(), folder.machine_file()}) {
    TW_RETURN_IF_ERROR(io::remove_tree(part));
  }
  std::error_code error;
  std::filesystem::rename(folder.path(), ended_folder() / token, error);
  if (error) return io::errno_error(error.value(), "move " + folder.path().string());
  return {};
}

}  // namespace tradewind::local
