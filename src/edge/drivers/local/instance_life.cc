#include "edge/drivers/local/instance_life.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "edge/drivers/local/cgroup.h"
#include "edge/drivers/local/claims.h"
#include "edge/drivers/local/machine_environment.h"
#include "edge/drivers/local/timeline.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/mounts.h"
#include "edge/io/paths.h"
#include "edge/io/process.h"
#include "edge/io/process_tree.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/store_identity.h"
#include "edge/provider/agent_arguments.h"

namespace tradewind::local {
namespace {

constexpr Duration heartbeat = std::chrono::seconds(30);
constexpr Duration longest_sleep_without_events = std::chrono::milliseconds(100);
constexpr Duration between_looks_at_owner = std::chrono::seconds(2);

// Why the instance ends.
struct Ending {
  bool preempted = false;
  std::string reason;
};

void note(const std::string& text) {
  std::fprintf(stderr, "%s %s\n", format_utc(io::SystemClock().now()).c_str(), text.c_str());
}

void note_failure(const std::string& what, const Status& status) {
  if (!status) note(what + ": " + describe(status.error()));
}

// Whether a store of these arguments asks who we are: any that is not a folder of this machine.
bool uses_a_far_store(const std::vector<std::string>& arguments) {
  return std::ranges::any_of(arguments, [](const std::string& argument) {
    const std::size_t value = argument.find('=') + 1;
    return argument.substr(0, value).ends_with("store=") && argument.compare(value, 5, "file:") != 0;
  });
}

// "0,2"
std::string numbers_text(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

// This process and all that it starts, on the processors of those numbers among those it may use at all. One
// that is not let keep to them is limited by its cgroup alone.
void keep_to_cores(const std::vector<int>& numbers) {
  cpu_set_t allowed;
  if (numbers.empty() || ::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t kept;
  CPU_ZERO(&kept);
  int index = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    if (std::ranges::find(numbers, index++) != numbers.end()) CPU_SET(cpu, &kept);
  }
  if (CPU_COUNT(&kept) > 0 && ::sched_setaffinity(0, sizeof kept, &kept) != 0) {
    note("the instance could not be kept to its processors");
  }
}

// Whether rules that were lowered leave the instance no place: of what is lent only the first numbers are
// claimed, so that those who hold a higher one go, and no others.
bool is_beyond(const lending::Rules& rules, const Zone& zone, const Claims& claims) {
  const auto above = [](const std::vector<int>& numbers, int wanted, const std::optional<int>& most) {
    return most &&
           (wanted > *most || std::ranges::any_of(numbers, [&](int number) { return number >= *most; }));
  };
  const int gpus = zone.share ? zone.share->gpus : 0;
  const int cores = zone.share ? zone.share->cores : 0;
  return above(claims.gpus(), gpus, rules.gpus) || above(claims.cores(), cores, rules.cores) ||
         (rules.memory_gib && zone.memory_gib > *rules.memory_gib);
}

class Machine {
 public:
  Machine(InstanceFolder folder, LaunchRecord launch, Secrets secrets)
      : folder_(std::move(folder)), launch_(std::move(launch)), secrets_(std::move(secrets)) {}

  // Lives through the instance.
  Status run() {
    TW_RETURN_IF_ERROR(begin());
    const Ending ending = live();
    end(ending);
    return {};
  }

 private:
  Status begin();
  Status watch_events();
  Ending live();
  std::optional<Ending> step();
  Status boot();
  io::SpawnRequest agent_request(int log_fd) const;
  Status announce() const;
  void look_at_owner();
  void look_for_later_limit();
  Duration until_next() const;
  void sleep_until_event(Duration longest);
  void drain_events();
  void end(const Ending& ending);
  void kill_everything();
  void write_state(InstanceState state, const Ending& ending, std::optional<Time> terminated_at);
  // Since the launch. Counts on when the wall clock is set.
  Duration elapsed() const { return clock_.monotonic() - launched_monotonic_; }

  InstanceFolder folder_;
  LaunchRecord launch_;
  Secrets secrets_;
  io::SystemClock clock_;
  Timeline timeline_;
  Duration launched_monotonic_{};
  Duration next_heartbeat_{};
  std::optional<lending::LendingWatch> owner_;  // of the machine, where he has rules
  Duration next_look_at_owner_{};
  std::string preempted_by_ = "the zone's spot capacity is gone";
  std::string announced_as_ = "the zone's spot capacity is needed elsewhere";
  Claims claims_;
  Cgroup cgroup_;
  io::UniqueFd folder_events_;
  io::UniqueFd signals_;
  std::optional<io::Child> agent_;
  bool announced_ = false;
  bool told_to_stop_ = false;
};

Status Machine::begin() {
  const Duration late = std::max(clock_.now() - launch_.launched_at, Duration(0));
  launched_monotonic_ = clock_.monotonic() - late;
  timeline_ = timeline_of(launch_.zone, launch_.offer.purchase, launch_.zone_epoch, launch_.launched_at,
                          launch_.hard_limit);
  if (launch_.lending) owner_.emplace(*launch_.lending, io::current_environment());
  TW_RETURN_IF_ERROR(io::become_subreaper());
  TW_RETURN_IF_ERROR(watch_events());
  if (launch_.zone.share) {
    TW_ASSIGN_OR_RETURN(claims_, Claims::take(*launch_.zone.share));
    keep_to_cores(claims_.cores());
  }
  MachineRecord record;
  TW_ASSIGN_OR_RETURN(record.identity, io::own_identity());
  TW_ASSIGN_OR_RETURN(record.boot_id, io::boot_id());
  // Recorded before they are made: a crash in between leaves nothing that nobody knows of.
  const std::vector<Hierarchy> hierarchies = own_hierarchies();
  for (const Hierarchy& hierarchy : hierarchies) {
    record.cgroups.push_back((hierarchy.own_folder / ("tradewind-" + launch_.token)).string());
  }
  TW_RETURN_IF_ERROR(folder_.write(record));
  cgroup_ = Cgroup::create(launch_.token, {launch_.zone.cpus, launch_.zone.memory_gib}, hierarchies);
  write_state(InstanceState::pending, {}, std::nullopt);
  return {};
}

// Without inotify (a user may be out of watches) the folder is looked at ten times a second.
Status Machine::watch_events() {
  folder_events_ = io::UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (folder_events_.valid() &&
      ::inotify_add_watch(folder_events_.get(), folder_.path().c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    folder_events_.close();
  }
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = io::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return io::errno_error(errno, "watch for signals");
  return {};
}

Ending Machine::live() {
  while (true) {
    if (std::optional<Ending> ending = step()) return *ending;
    sleep_until_event(until_next());
    drain_events();
  }
}

// Does what is due. The order is that of a supplier: who asked for the end first gets it.
std::optional<Ending> Machine::step() {
  const Duration now = elapsed();
  if (io::path_exists(folder_.terminate_request())) return Ending{false, "terminated on request"};
  if (told_to_stop_) return Ending{false, "this machine is going down"};
  look_at_owner();
  if (timeline_.preemption && now >= *timeline_.preemption) {
    return Ending{true, "preempted: " + preempted_by_};
  }
  look_for_later_limit();
  if (now >= timeline_.hard_limit) return Ending{false, "its time was up (hard limit)"};
  if (!agent_ && now >= timeline_.boot) {
    const Status booted = boot();
    if (!booted) return Ending{false, "the agent could not be started: " + describe(booted.error())};
  }
  if (agent_) {
    const Result<std::optional<io::ExitStatus>> status = agent_->wait_for(Duration(0));
    if (!status || *status) {
      agent_.reset();  // collected: its number may be another's from now on
      return Ending{false, status ? "the agent ended: " + to_text(**status)
                                  : "the agent was lost: " + status.error().message};
    }
  }
  if (!announced_ && timeline_.notice && now >= *timeline_.notice) {
    announced_ = true;
    note_failure("the notice", announce());
  }
  if (now >= next_heartbeat_) {
    ::utimensat(AT_FDCWD, folder_.machine_file().c_str(), nullptr, 0);
    next_heartbeat_ = now + heartbeat;
  }
  return std::nullopt;
}

Status Machine::boot() {
  io::detach_mounts_below(folder_.scratch(), io::own_mount_type);
  TW_RETURN_IF_ERROR(io::remove_tree(folder_.scratch()));  // of a machine that died while booting
  TW_RETURN_IF_ERROR(io::make_folders(folder_.scratch(), 0700));
  TW_RETURN_IF_ERROR(io::make_folders(folder_.scratch() / "tmp", 0700));
  const io::UniqueFd log(
      ::open(folder_.agent_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return io::errno_error(errno, "open " + folder_.agent_log().string());
  TW_ASSIGN_OR_RETURN(agent_, io::spawn(agent_request(log.get())));
  write_state(InstanceState::running, {}, std::nullopt);
  return {};
}

io::SpawnRequest Machine::agent_request(int log_fd) const {
  io::SpawnRequest request;
  request.argv = launch_.agent;
  request.argv.push_back("--scratch=" + folder_.scratch().string());
  request.argv.push_back("--local-store=" + launch_.zone.store);
  // A store that is no folder has no room for it.
  const Result<io::Folders> folders = io::folders_from(io::current_environment());
  if (!launch_.zone.store.empty() && !launch_.zone.store.starts_with("file:") && folders.ok()) {
    request.argv.push_back("--data-cache=" + (folders->cache / "data" / launch_.zone.name).string());
  }
  request.argv.push_back("--limit-file=" + folder_.limit().string());
  request.argv.push_back("--purchase=" + std::string(to_text(launch_.offer.purchase)));
  if (launch_.offer.accelerator)
    request.argv.push_back(provider::accelerator_argument(*launch_.offer.accelerator));
  if (launch_.offer.purchase == Purchase::spot || launch_.lending) {
    request.argv.push_back("--notice=" + folder_.notice().string());
    const Duration lead = launch_.offer.notice_lead.value_or(Duration(0));
    if (lead > Duration(0)) request.argv.push_back("--notice-lead=" + std::to_string(lead.count()) + "ms");
  }
  request.environment = machine_environment(io::current_environment());
  // The agent keeps this from the programs that it starts.
  if (uses_a_far_store(request.argv)) {
    request.environment.merge(objectstore::store_identity(io::current_environment()));
  }
  for (const auto& [name, value] : secrets_) request.environment[name] = value;
  // A machine that is lent shows no GPU beside those that were claimed, also where none is lent.
  const bool gpus_counted = launch_.zone.share && (launch_.zone.share->gpus_total > 0 || launch_.lending);
  if (gpus_counted) {
    for (const char* name : {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}) {
      request.environment[name] = numbers_text(claims_.gpus());
    }
  }
  request.environment[marker_variable] = launch_.token;
  request.environment["TMPDIR"] = (folder_.scratch() / "tmp").string();
  request.cwd = folder_.scratch().string();
  request.stdout_fd = log_fd;
  request.stderr_fd = log_fd;
  request.die_with_parent = true;
  request.join_files = cgroup_.join_files();
  return request;
}

// When the machine's owner wants it for himself, that is a preemption, which nothing takes back. He is asked
// by files alone: whoever launched the instance may be out of reach, or know nothing of him.
void Machine::look_at_owner() {
  const Duration now = elapsed();
  if (!owner_ || now < next_look_at_owner_) return;
  next_look_at_owner_ = now + between_looks_at_owner;
  const Time wall = clock_.now();
  const lending::State state = owner_->look(wall);
  const bool ends = state.open && state.until && *state.until - wall <= state.rules.yield;
  const bool too_large = state.open && state.ruled && is_beyond(state.rules, launch_.zone, claims_);
  if (state.open && !ends && !too_large) return;
  const Duration notice = ends ? std::max(*state.until - wall, Duration(0)) : state.rules.yield;
  owner_.reset();
  if (timeline_.preemption && *timeline_.preemption <= now + notice) return;
  timeline_.preemption = now + notice;
  timeline_.notice = now;
  announced_ = false;
  preempted_by_ = ends        ? "its hours end at " + lending::local_text(*state.until, wall)
                  : too_large ? "its owner lends " + lending::limits_text(state.rules)
                              : state.why;
  announced_as_ = preempted_by_;
  note("the machine's owner wants it: " + preempted_by_);
}

Status Machine::announce() const {
  const Time deadline = clock_.now() + (*timeline_.preemption - elapsed());
  const json::value text =
      json::object{{"action", "terminate"}, {"deadline", format_utc(deadline)}, {"reason", announced_as_}};
  return io::write_file_atomic(folder_.notice(), tradewind::to_text(text) + "\n");
}

// A limit that lies before the first one is the agent's own affair: the instance ends with it.
void Machine::look_for_later_limit() {
  if (!io::path_exists(folder_.limit())) return;
  const Result<std::string> text = io::read_file(folder_.limit(), 100);
  const Result<Time> limit = text ? parse_utc(text->substr(0, text->find('\n'))) : Result<Time>(text.error());
  if (limit) timeline_.hard_limit = std::max(*limit, launch_.hard_limit) - launch_.launched_at;
}

Duration Machine::until_next() const {
  Duration next = std::min(timeline_.hard_limit, next_heartbeat_);
  if (!agent_) next = std::min(next, timeline_.boot);
  if (owner_) next = std::min(next, next_look_at_owner_);
  if (timeline_.preemption) next = std::min(next, *timeline_.preemption);
  if (timeline_.notice && !announced_) next = std::min(next, *timeline_.notice);
  const bool blind = !folder_events_.valid() || (agent_ && agent_->pidfd() < 0);
  const Duration wait = std::max(next - elapsed(), Duration(0));
  return blind ? std::min(wait, longest_sleep_without_events) : wait;
}

void Machine::sleep_until_event(Duration longest) {
  pollfd entries[3] = {{folder_events_.get(), POLLIN, 0},
                       {signals_.get(), POLLIN, 0},
                       {agent_ ? agent_->pidfd() : -1, POLLIN, 0}};
  ::poll(entries, 3, static_cast<int>(std::min<Duration::rep>(longest.count(), 3'600'000)));
}

void Machine::drain_events() {
  char buffer[4096];
  while (folder_events_.valid() && ::read(folder_events_.get(), buffer, sizeof buffer) > 0) {
  }
  bool child_ended = false;
  signalfd_siginfo info = {};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    child_ended |= info.ssi_signo == SIGCHLD;
    told_to_stop_ |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
  }
  if (!child_ended) return;
  const std::vector<pid_t> keep = agent_ ? std::vector<pid_t>{agent_->pid()} : std::vector<pid_t>();
  io::reap_adopted(keep);
}

void Machine::end(const Ending& ending) {
  write_state(InstanceState::stopping, ending, std::nullopt);
  kill_everything();
  const Time terminated_at = clock_.now();  // the instance is over; what follows is on the house
  note_failure("the notice", io::remove_tree(folder_.notice()));
  io::detach_mounts_below(folder_.scratch(), io::own_mount_type);  // of an agent that was killed
  constexpr int attempts_max = 20;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const Status removed = io::remove_tree(folder_.scratch());
    if (removed) break;
    note_failure("the scratch folder", removed);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (!cgroup_.remove()) note("the cgroup could not be removed");
  claims_.give_back();
  write_state(InstanceState::terminated, ending, terminated_at);
}

// Until nothing is left: an instance that cannot be ended stays "stopping", which is what it is.
void Machine::kill_everything() {
  const std::vector<pid_t> groups = agent_ ? std::vector<pid_t>{agent_->pid()} : std::vector<pid_t>();
  while (true) {
    cgroup_.kill();
    const Status killed = io::kill_descendants(::getpid(), std::chrono::seconds(60), groups);
    if (killed) break;
    note_failure("ending the instance", killed);
  }
  if (agent_) static_cast<void>(agent_->wait());
  io::reap_adopted({});
}

void Machine::write_state(InstanceState state, const Ending& ending, std::optional<Time> terminated_at) {
  const StateRecord record{state, clock_.now(), terminated_at, ending.preempted, ending.reason};
  Status written = folder_.write(record);
  // The last word must be said, however long the disk is full.
  while (!written && state == InstanceState::terminated && io::path_exists(folder_.path())) {
    note_failure("state.json", written);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    written = folder_.write(record);
  }
  note_failure("state.json", written);
}

}  // namespace

Status live_instance(const InstanceFolder& folder, const LaunchRecord& launch, Secrets secrets) {
  return Machine(folder, launch, std::move(secrets)).run();
}

}  // namespace tradewind::local
