#include "app/agent/gang.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <netinet/in.h>
#include <set>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"

namespace tradewind::agent {
namespace {

constexpr std::size_t orders_bytes_max = 1 << 20;
constexpr std::size_t note_bytes_max = 64;
// A rank looks for orders five times a second, and shared folders show news late.
constexpr Duration last_words_patience = std::chrono::seconds(5);
constexpr int first_port = 20'000;
constexpr int ports = 12'000;

constexpr const char* failed_file = "failed";

std::string ended_file(int rank) {
  return "ended." + std::to_string(rank);
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  std::error_code problem;
  std::filesystem::directory_iterator each(folder, problem);
  while (!problem && each != std::filesystem::directory_iterator()) {
    names.insert(each->path().filename().string());
    each.increment(problem);
  }
  return names;
}

std::string status_text(const io::ExitStatus& status) {
  return std::to_string(status.code) + (status.signaled ? " 1\n" : " 0\n");
}

bool is_free(int port) {
  const io::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Status GangFolder::begin(const std::string& script) const {
  remove();
  TW_RETURN_IF_ERROR(io::make_folders(path_, 0700));
  TW_RETURN_IF_ERROR(io::write_file_atomic(path_ / "script", script, {0700, false}));
  return io::write_file_atomic(path_ / "orders", "", {0600, false});
}

Result<std::string> GangFolder::script() const {
  return io::read_file(path_ / "script");
}

bool GangFolder::gone() const {
  const Result<std::string> orders = io::read_file(path_ / "orders", orders_bytes_max);
  return !orders.ok() && orders.error().code == Code::not_found;
}

void GangFolder::remove() const {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Status GangFolder::order(const std::string& line) const {
  const std::string file = (path_ / "orders").string();
  const io::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const std::string bytes = line + "\n";
  // Synced, so that the file's server has it: only then do the other nodes see it.
  if (fd.valid() && ::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(fd.get()) == 0)
    return {};
  return io::errno_error(errno, "tell the other nodes in " + file);
}

std::vector<std::string> GangFolder::orders() const {
  const Result<std::string> text = io::read_file(path_ / "orders", orders_bytes_max);
  if (!text.ok()) return {};
  std::vector<std::string> lines = split(*text, '\n');
  lines.pop_back();
  return lines;
}

Status GangFolder::note_end(const RankEnd& end) const {
  if (!end.status.success()) {
    const std::string line = std::to_string(end.rank) + " " + status_text(end.status);
    static_cast<void>(io::create_file_atomic(path_ / failed_file, line, {0600, false}));
  }
  return io::write_file_atomic(path_ / ended_file(end.rank), status_text(end.status), {0600, true});
}

std::optional<RankEnd> GangFolder::failure() const {
  if (!is_listed(path_, failed_file)) return std::nullopt;
  const Result<std::string> line = io::read_file(path_ / failed_file, note_bytes_max);
  int rank = 0;
  int code = 0;
  int signaled = 0;
  if (!line.ok() || std::sscanf(line->c_str(), "%d %d %d", &rank, &code, &signaled) != 3) return std::nullopt;
  return RankEnd{rank, {signaled != 0, code}};
}

std::map<int, io::ExitStatus> GangFolder::ends(int nodes) const {
  std::map<int, io::ExitStatus> ends;
  const std::set<std::string> names = names_in(path_);
  for (int rank = 0; rank < nodes; ++rank) {
    if (!names.contains(ended_file(rank))) continue;
    const Result<std::string> line = io::read_file(path_ / ended_file(rank), note_bytes_max);
    int code = 0;
    int signaled = 0;
    if (line.ok() && std::sscanf(line->c_str(), "%d %d", &code, &signaled) == 2)
      ends[rank] = {signaled != 0, code};
  }
  return ends;
}

void Gang::kill_all() {
  if (kill_ordered_) return;
  kill_ordered_ = folder_.order("kill").ok();
}

void Gang::watch(bool terminating) {
  if (!terminating && folder_.failure()) kill_all();
}

std::optional<GangEnd> Gang::ended(const io::ExitStatus& launcher, bool terminating, Duration now) {
  const std::map<int, io::ExitStatus> ends = folder_.ends(nodes_);
  if (!gone_since_) gone_since_ = now;
  const bool all = static_cast<int>(ends.size()) == nodes_;
  if (!all && now - *gone_since_ < last_words_patience) {
    kill_all();
    return std::nullopt;
  }
  GangEnd end;  // all in order, whatever the launcher says
  if (!all) {
    // Before any failure: a rank whose place is lost makes the others fail, by the connections that it had.
    std::vector<std::string> silent;
    for (int rank = 0; rank < nodes_; ++rank) {
      if (!ends.contains(rank)) silent.push_back(std::to_string(rank));
    }
    end.status = launcher.success() ? io::ExitStatus{true, SIGKILL} : launcher;
    end.lost = "rank " + join(silent, ", ") + " of " + std::to_string(nodes_) +
               " ended without a word (its launcher: " + to_text(launcher) + ")";
  } else if (const auto failed = folder_.failure()) {
    end.status = failed->status;
    end.rank = failed->rank;
  }
  // What one rank's failure ended was no end of its own.
  end.killed = (!terminating && !end.status.success()) || !all ||
               std::ranges::any_of(ends, [](const auto& each) { return each.second.signaled; });
  folder_.remove();
  return end;
}

bool is_listed(const std::filesystem::path& folder, const std::string& name) {
  return names_in(folder).contains(name);
}

int meeting_port(std::string_view seed) {
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  for (const char c : seed) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  const int first = static_cast<int>(hash % static_cast<std::uint32_t>(ports));
  for (int i = 0; i < 100; ++i) {
    const int port = first_port + (first + i) % ports;
    if (is_free(port)) return port;
  }
  return first_port + first;
}

}  // namespace tradewind::agent
