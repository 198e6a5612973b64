#include "edge/drivers/node/node.h"

#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "edge/drivers/local/cgroup.h"
#include "edge/drivers/local/local_provider.h"
#include "edge/drivers/node/node_wire.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/paths.h"
#include "edge/io/system_clock.h"

namespace tradewind::node {
namespace {

using std::filesystem::path;

// Clocks that differ by less agree well enough.
constexpr Duration clocks_agree{5'000};

// The asker's time, told by this host's clock: what is recorded here is compared with times of his.
class AskersClock final : public Clock {
 public:
  explicit AskersClock(Time askers_now) {
    const Duration apart = own_.now() - askers_now;
    if (std::chrono::abs(apart) > clocks_agree) apart_ = apart;
  }
  Time now() const override { return own_.now() - apart_; }
  Duration monotonic() const override { return own_.monotonic(); }
  Duration apart() const { return apart_; }

 private:
  io::SystemClock own_;
  Duration apart_{};
};

std::string cgroup_kind() {
  const std::vector<local::Hierarchy> hierarchies = local::own_hierarchies();
  if (hierarchies.empty()) return "none";
  return io::path_exists(hierarchies.front().own_folder / "cgroup.controllers") ? "v2" : "v1";
}

// logind.conf(5), KillUserProcesses: off by default, and of no effect on a user who lingers.
bool kills_at_logout() {
  if (io::path_exists(path("/var/lib/systemd/linger") / std::to_string(::getuid()))) return false;
  bool kills = false;
  for (const char* file : {"/usr/lib/systemd/logind.conf", "/etc/systemd/logind.conf"}) {
    const Result<std::string> text = io::read_file(file, 1 << 16);
    if (!text.ok()) continue;
    std::size_t line = 0;
    while (line < text->size()) {
      const std::size_t end = std::min(text->find('\n', line), text->size());
      const std::string_view each = std::string_view(*text).substr(line, end - line);
      if (each.starts_with("KillUserProcesses="))
        kills = each == "KillUserProcesses=yes" || each == "KillUserProcesses=true";
      line = end + 1;
    }
  }
  return kills;
}

// Where the owner's rules would lie: he makes them with the rights of the user who logs in.
std::optional<lending::Places> lending_of(const NodeProgram& program) {
  const Result<io::Folders> folders = io::folders_from(program.environment);
  if (!folders.ok()) return std::nullopt;
  return lending::places_in(folders->config);
}

HostFacts look_at_host(const NodeCall& call, const NodeProgram& program) {
  HostFacts facts;
  facts.machine = local::look_at_this_machine(program.environment);
  facts.cgroup = cgroup_kind();
  facts.kills_at_logout = kills_at_logout();
  struct statvfs disk = {};
  if (::statvfs(call.folder.c_str(), &disk) == 0) {
    facts.disk_free_gib =
        static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / (1024.0 * 1024 * 1024);
  }
  facts.now = io::SystemClock().now();
  if (const std::optional<lending::Places> places = lending_of(program)) {
    const lending::State state = lending::LendingWatch(*places, program.environment).look(facts.now);
    if (state.ruled) facts.lending = state;
  }
  return facts;
}

Result<std::unique_ptr<local::LocalProvider>> open_provider(const NodeCall& call, const NodeProgram& program,
                                                            const Clock& clock) {
  local::LocalOptions options;
  options.zones = call.zones;
  options.root = path(call.folder) / "machines";
  options.stores = path(call.folder) / "stores";
  options.machine_program = {program.path, "local-machine"};
  options.agent_program = {program.path};
  options.environment = program.environment;
  options.keeps_stores = false;
  options.remembers_tokens = false;
  options.shown_after_end = call.forget_after;
  options.lending = lending_of(program);
  return local::LocalProvider::open(std::move(options), clock);
}

// The agent on this host reads the limit by this host's clock.
void shift_limit(provider::LaunchRequest& launch, Duration apart) {
  if (apart == Duration(0)) return;
  constexpr std::string_view name = "--hard-limit=";
  for (std::string& argument : launch.agent_arguments) {
    if (!argument.starts_with(name)) continue;
    const Result<Time> limit = parse_utc(argument.substr(name.size()));
    if (limit.ok()) argument = std::string(name) + format_utc(*limit + apart);
  }
}

// The name is put in its place at once: an agent that looks meanwhile finds the old connection or the new
// one.
Status point_relay(const NodeCall& call) {
  if (!io::path_exists(call.socket)) return Error{Code::not_found, "there is no socket " + call.socket};
  const path beside = path(call.folder) / (".relay-" + std::to_string(::getpid()));
  ::unlink(beside.c_str());
  if (::symlink(call.socket.c_str(), beside.c_str()) != 0) {
    return io::errno_error(errno, "make " + beside.string());
  }
  if (::rename(beside.c_str(), relay_name(call.folder, call.plane).c_str()) != 0) {
    return io::errno_error(errno, "name the relay in " + call.folder);
  }
  // Sockets of connections that are gone lead nowhere.
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(call.folder, problem)) {
    const std::string file = entry.path().filename().string();
    const bool old = file.starts_with("relay-" + call.plane + "-") && entry.path() != call.socket;
    if (old) ::unlink(entry.path().c_str());
  }
  return {};
}

// Whether agents that look for the relay by its name find that connection.
bool is_relayed(const NodeCall& call) {
  std::error_code problem;
  const path leads_to = std::filesystem::read_symlink(relay_name(call.folder, call.plane), problem);
  return !problem && leads_to == call.socket && io::path_exists(call.socket);
}

bool holds_instances(const path& folder) {
  std::error_code problem;
  const std::filesystem::directory_iterator first(folder / "machines" / "instances", problem);
  return !problem && first != std::filesystem::directory_iterator();
}

// When anything but a list was asked here last.
path used_mark(const NodeCall& call) {
  return path(call.folder) / "machines" / "used";
}

void note_use(const NodeCall& call) {
  const path mark = used_mark(call);
  static_cast<void>(io::append_file(mark, "", 0600).ok());
  ::utimensat(AT_FDCWD, mark.c_str(), nullptr, 0);
}

bool was_used_lately(const NodeCall& call) {
  struct stat mark = {};
  if (::stat(used_mark(call).c_str(), &mark) != 0) {
    note_use(call);
    return true;
  }
  const Time used{std::chrono::duration_cast<Duration>(std::chrono::seconds(mark.st_mtim.tv_sec) +
                                                       std::chrono::nanoseconds(mark.st_mtim.tv_nsec))};
  return io::SystemClock().now() - used < call.forget_after;
}

// Once nothing was done here for as long as an ended instance is shown, all that was put here goes: the
// program, too, which is then running from a file that has no name any more.
void leave_nothing(const NodeCall& call) {
  if (holds_instances(call.folder) || was_used_lately(call)) return;
  const path root = path(call.folder) / "machines";
  const Result<io::FileLock> lock = io::FileLock::acquire(root / "lock", Duration(0));
  if (!lock.ok() || holds_instances(call.folder)) return;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(call.folder, problem)) {
    const std::string file = entry.path().filename().string();
    const bool ours = file == "machines" || file == "stores" || file == "bin" || file.starts_with("relay");
    if (ours) static_cast<void>(io::remove_tree(entry.path()));
  }
  ::rmdir(call.folder.c_str());  // unless the user keeps something there
}

Result<json::value> act(const NodeCall& call, const NodeProgram& program) {
  TW_RETURN_IF_ERROR(io::make_folders(call.folder, 0700));
  if (call.call != "instances" && io::make_folders(used_mark(call).parent_path(), 0700).ok()) note_use(call);
  if (call.call == "facts") return to_json(look_at_host(call, program));
  if (call.call == "relay") {
    TW_RETURN_IF_ERROR(point_relay(call));
    return json::value(json::object{});
  }
  const AskersClock clock(call.now);
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<local::LocalProvider> provider,
                      open_provider(call, program, clock));
  if (call.call == "launch") {
    provider::LaunchRequest launch = call.launch;
    shift_limit(launch, clock.apart());
    TW_ASSIGN_OR_RETURN(const provider::Launched launched, provider->launch(launch));
    return to_json(launched);
  }
  if (call.call == "instances") {
    TW_ASSIGN_OR_RETURN(const InstancePage page, provider->instances(call.owner, call.page));
    if (page.instances.empty() && page.next_page.empty()) leave_nothing(call);
    json::value answer = to_json(page);
    answer.as_object()["relay"] = is_relayed(call);
    return answer;
  }
  if (call.call == "terminate") {
    TW_ASSIGN_OR_RETURN(const provider::TerminateState state, provider->terminate(call.instance));
    return json::value(json::object{{"done", state == provider::TerminateState::done}});
  }
  return Error{Code::invalid_argument, "'" + call.call + "' is no call of a node",
               "the program on this host and the one that asks are of different versions"};
}

}  // namespace

std::string answer_call(std::string_view question, const NodeProgram& program) {
  const Result<json::value> document = parse_json(question);
  if (!document.ok()) return tradewind::to_text(answer_of(document.error()));
  const Result<NodeCall> call = node_call_from_json(*document);
  if (!call.ok()) return tradewind::to_text(answer_of(call.error()));
  if (call->folder.empty() || call->folder.front() != '/') {
    return tradewind::to_text(
        answer_of(Error{Code::invalid_argument, "the folder '" + call->folder + "' is not absolute"}));
  }
  const Result<json::value> answer = act(*call, program);
  return tradewind::to_text(answer.ok() ? json::value(json::object{{"ok", *answer}})
                                        : answer_of(answer.error()));
}

}  // namespace tradewind::node
