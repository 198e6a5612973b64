#include "edge/drivers/lending/presence.h"

#include <algorithm>
#include <charconv>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/process_table.h"

namespace tradewind::lending {
namespace {

using std::filesystem::path;

constexpr Duration logind_pause = std::chrono::seconds(10);
constexpr Duration logind_patience = std::chrono::seconds(2);

struct Terminal {
  std::string name;  // "pts/3"
  Time last_input;   // the kernel notes it, to eight seconds
  bool device = false;
  int number = 0;  // as proc(5) tells a process's terminal
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void add_terminal(const path& devices, const std::string& name, std::vector<Terminal>& found) {
  struct stat about = {};
  if (::stat((devices / name).c_str(), &about) != 0) return;
  const bool device = S_ISCHR(about.st_mode);
  if (!device && !S_ISREG(about.st_mode)) return;
  Terminal terminal;
  terminal.name = name;
  terminal.last_input = Time(std::chrono::duration_cast<Duration>(
      std::chrono::seconds(about.st_atim.tv_sec) + std::chrono::nanoseconds(about.st_atim.tv_nsec)));
  terminal.device = device;
  const unsigned minor_number = ::minor(about.st_rdev);
  terminal.number = static_cast<int>((minor_number & 0xffU) | (::major(about.st_rdev) << 8U) |
                                     ((minor_number & 0xfff00U) << 12U));
  found.push_back(std::move(terminal));
}

// Newest input first.
std::vector<Terminal> terminals_in(const path& devices) {
  std::vector<Terminal> found;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(devices / "pts", problem)) {
    const std::string name = entry.path().filename().string();
    if (is_number(name)) add_terminal(devices, "pts/" + name, found);
  }
  for (const auto& entry : std::filesystem::directory_iterator(devices, problem)) {
    const std::string name = entry.path().filename().string();
    // tty0 is whichever is in front; ttyS0 and the like are lines of machines.
    const bool console =
        name.starts_with("tty") && is_number(std::string_view(name).substr(3)) && name != "tty0";
    if (console) add_terminal(devices, name, found);
  }
  std::ranges::sort(found, std::ranges::greater(), &Terminal::last_input);
  return found;
}

// proc(5), stat field 7.
int terminal_of(pid_t pid) {
  const Result<std::string> stat = io::read_file("/proc/" + std::to_string(pid) + "/stat", 1 << 16);
  const std::size_t name_end = stat.ok() ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = split(trim(std::string_view(*stat).substr(name_end + 1)), ' ');
  int number = 0;
  if (fields.size() > 4) std::from_chars(fields[4].data(), fields[4].data() + fields[4].size(), number);
  return number;
}

bool is_of_a_job(pid_t pid) {
  const Result<std::string> environment =
      io::read_file("/proc/" + std::to_string(pid) + "/environ", std::size_t{4} << 20);
  if (!environment.ok()) return false;  // of somebody else
  constexpr std::string_view marker = "TRADEWIND_INSTANCE=";
  return environment->starts_with(marker) ||
         environment->find('\0' + std::string(marker)) != std::string::npos;
}

// Whether a program that is no job's has it. A job may make a terminal for itself and type there.
bool has_a_person(const Terminal& terminal) {
  if (!terminal.device) return true;
  return std::ranges::any_of(io::list_processes(), [&](const io::ProcessInfo& process) {
    const pid_t pid = process.identity.pid;
    return terminal_of(pid) == terminal.number && !is_of_a_job(pid);
  });
}

std::optional<Time> time_of_microseconds(std::string_view text) {
  std::int64_t microseconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (read.ec != std::errc() || microseconds <= 0) return std::nullopt;
  return Time(std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds)));
}

void take_property(DesktopSession& session, std::string_view name, std::string_view value) {
  if (name == "Name") session.user = std::string(value);
  if (name == "Type") session.graphical = value == "x11" || value == "wayland" || value == "mir";
  if (name == "State") session.active = value == "active";
  if (name == "LockedHint") session.locked = value == "yes";
  if (name == "IdleHint") session.idle = value == "yes";
  if (name == "IdleSinceHint") session.idle_since = time_of_microseconds(value);
}

}  // namespace

std::vector<DesktopSession> parse_sessions(std::string_view text) {
  std::vector<DesktopSession> sessions;
  bool within = false;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) {
      within = false;
      continue;
    }
    if (!within) sessions.emplace_back();
    within = true;
    const std::string_view view = line;
    take_property(sessions.back(), view.substr(0, equals), trim(view.substr(equals + 1)));
  }
  return sessions;
}

std::optional<Presence> latest_of(const std::vector<DesktopSession>& sessions, Time now) {
  std::optional<Presence> latest;
  for (const DesktopSession& session : sessions) {
    // Who locks his screen has left. What is not in front cannot get input.
    if (!session.graphical || !session.active || session.locked) continue;
    if (session.idle && !session.idle_since) continue;
    const Time last = session.idle ? std::min(*session.idle_since, now) : now;
    if (!latest || last > latest->last_input) latest = Presence{last, "the desktop of " + session.user};
  }
  return latest;
}

std::optional<Presence> PresenceWatch::look(Time now, Duration matters) {
  std::optional<Presence> latest;
  for (const Terminal& terminal : terminals_in(devices_)) {
    if (now - terminal.last_input > matters) break;
    if (!has_a_person(terminal)) continue;
    latest = Presence{std::min(terminal.last_input, now), "input on " + terminal.name};
    break;
  }
  if (asks_logind_ && (!asked_at_ || now < *asked_at_ || now - *asked_at_ >= logind_pause)) ask_logind(now);
  if (desktop_ && (!latest || desktop_->last_input > latest->last_input)) latest = desktop_;
  return latest;
}

// Whom it does not tell of, nobody sees.
void PresenceWatch::ask_logind(Time now) {
  asked_at_ = now;
  desktop_.reset();
  if (!io::path_exists("/run/systemd/seats")) return;
  io::SpawnRequest request;
  request.argv = {"loginctl", "list-sessions", "--no-legend"};
  request.environment = environment_;
  const Result<io::CommandOutput> listed = io::run_command(request, logind_patience, 1 << 16);
  if (!listed.ok() || !listed->status.success()) return;
  request.argv = {"loginctl", "show-session"};
  for (const std::string& line : split(listed->out, '\n')) {
    const std::vector<std::string> words = split(trim(line), ' ');
    if (!words.empty() && !words[0].empty() && words[0].front() != '-') request.argv.push_back(words[0]);
  }
  if (request.argv.size() == 2) return;
  for (const char* name : {"Name", "Type", "State", "LockedHint", "IdleHint", "IdleSinceHint"}) {
    request.argv.push_back("--property=" + std::string(name));
  }
  const Result<io::CommandOutput> shown = io::run_command(request, logind_patience, 1 << 18);
  // Also where a session ended between the two: the others are shown.
  if (shown.ok()) desktop_ = latest_of(parse_sessions(shown->out), now);
}

}  // namespace tradewind::lending
