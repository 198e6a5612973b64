#include "app/agent/waiting_ranks.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>

#include "app/agent/gang.h"
#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/process_tree.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

constexpr auto pause = std::chrono::milliseconds(200);
constexpr int patience_looks = 10 * 60 * 5;  // ten minutes, until all are there
constexpr int gone_looks_max = 25;           // in a row: a shared folder may be out of sight for a moment
constexpr int exit_broken = 1;

std::string numbered(const char* name, int rank) {
  return std::string(name) + "." + std::to_string(rank);
}

using Variables = std::map<std::string, std::string>;

// What the agent, our parent, was given by its place is not handed to other places.
std::string stage_variables() {
  const Result<std::string> given = io::read_file("/proc/" + std::to_string(::getppid()) + "/environ");
  const std::vector<std::string> entries = split(given.value_or(""), '\0');
  const std::set<std::string> of_place(entries.begin(), entries.end());
  std::string text;
  for (const auto& [name, value] : io::current_environment()) {
    const std::string entry = name + "=" + value;
    text += of_place.contains(entry) ? name : entry;
    text += '\0';
  }
  return text;
}

Variables variables_of(const std::string& text) {
  const Variables own = io::current_environment();
  Variables variables;
  for (const std::string& entry : split(text, '\0')) {
    const std::size_t equals = entry.find('=');
    const auto found = own.find(entry);
    if (equals != std::string::npos) {
      variables[entry.substr(0, equals)] = entry.substr(equals + 1);
    } else if (found != own.end()) {
      variables.insert(*found);
    }
  }
  return variables;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool all_are_there(const fs::path& gang, int nodes) {
  std::vector<std::string> missing;
  for (int look = 0; look < patience_looks; ++look) {
    missing.clear();
    for (int rank = 1; rank < nodes; ++rank) {
      if (!is_listed(gang, numbered("here", rank))) missing.push_back(std::to_string(rank));
    }
    if (missing.empty()) return true;
    std::this_thread::sleep_for(pause);
  }
  print("tradewind-agent: rank " + join(missing, ", ") + " did not come within ten minutes\n");
  return false;
}

Status hand_out(const fs::path& gang, const fs::path& stage, int nodes) {
  for (int rank = 1; rank < nodes; ++rank)
    TW_RETURN_IF_ERROR(io::append_file(stage / numbered("out", rank), "", 0600));
  std::error_code problem;
  TW_RETURN_IF_ERROR(io::write_file_atomic(stage / "environment", stage_variables(), {0600, true}));
  TW_RETURN_IF_ERROR(io::write_file_atomic(stage / "cwd", fs::current_path(problem).string(), {0600, true}));
  return io::append_file(gang / "stages", stage.string() + "\n", 0600);
}

// Hands on what the other ranks printed since the last time.
class Outputs {
 public:
  Outputs(fs::path stage, int nodes) : stage_(std::move(stage)), read_(static_cast<std::size_t>(nodes), 0) {}
  void hand_on() {
    for (std::size_t rank = 1; rank < read_.size(); ++rank) hand_on(rank);
  }

 private:
  void hand_on(std::size_t rank) {
    const fs::path file = stage_ / numbered("out", static_cast<int>(rank));
    // Opened each time: only then do network file systems show what is new.
    const io::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 64 << 10> buffer;
    while (true) {
      const ssize_t n = ::pread(fd.get(), buffer.data(), buffer.size(), read_[rank]);
      if (n <= 0) return;
      print(std::string(buffer.data(), static_cast<std::size_t>(n)));
      read_[rank] += n;
    }
  }
  fs::path stage_;
  std::vector<off_t> read_;  // by rank
};

Result<io::Child> start_rank(const std::vector<std::string>& command, int rank, Variables environment,
                             const fs::path& cwd, int output) {
  environment["TRADEWIND_NODE_RANK"] = std::to_string(rank);
  io::SpawnRequest request;
  request.argv = command;
  request.environment = std::move(environment);
  request.cwd = cwd.string();
  request.die_with_parent = true;
  request.stdout_fd = output;
  request.stderr_fd = output;
  return io::spawn(request);
}

// As the head handed it out.
void run_stage(const fs::path& stage, int rank, std::vector<std::string> command) {
  const Result<std::string> variables = io::read_file(stage / "environment");
  const Result<std::string> cwd = io::read_file(stage / "cwd");
  if (!variables.ok() || !cwd.ok()) return;  // it is over already
  const io::UniqueFd out(
      ::open((stage / numbered("out", rank)).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  command.push_back("--dir=" + stage.string());
  Result<io::Child> child = start_rank(command, rank, variables_of(*variables), *cwd, out.get());
  if (child.ok()) {
    static_cast<void>(child->wait().ok());
    static_cast<void>(io::kill_descendants(::getpid(), std::chrono::seconds(10)).ok());
    io::reap_adopted({});
    ::fsync(out.get());
    return;
  }
  std::fprintf(stderr, "tradewind-agent: %s\n", describe(child.error()).c_str());
  static_cast<void>(GangFolder(stage).note_end({rank, {false, exit_broken}}).ok());
}

std::vector<std::string> stages_in(const fs::path& gang) {
  if (!is_listed(gang, "stages")) return {};
  std::vector<std::string> lines = split(io::read_file(gang / "stages").value_or(""), '\n');
  if (!lines.empty()) lines.pop_back();  // what is being written
  return lines;
}

}  // namespace

int lead_waiting_ranks(const fs::path& gang, int nodes, const std::vector<std::string>& command) {
  constexpr std::string_view option = "--dir=";
  if (command.empty() || !command.back().starts_with(option)) return exit_broken;
  const fs::path stage = command.back().substr(option.size());
  if (!all_are_there(gang, nodes)) return exit_broken;
  if (const Status handed = hand_out(gang, stage, nodes); !handed.ok()) {
    print("tradewind-agent: " + describe(handed.error()) + "\n");
    return exit_broken;
  }
  std::error_code problem;
  Result<io::Child> own =
      start_rank(command, 0, io::current_environment(), fs::current_path(problem), STDOUT_FILENO);
  if (!own.ok()) {
    print("tradewind-agent: " + describe(own.error()) + "\n");
    return exit_broken;
  }
  const GangFolder folder(stage);
  Outputs outputs(stage, nodes);
  while (static_cast<int>(folder.ends(nodes).size()) < nodes && !folder.gone()) {
    std::this_thread::sleep_for(pause);
    outputs.hand_on();
    const auto ended = own->wait_for(Duration::zero());
    const bool lost = ended.ok() && ended->has_value() && !folder.ends(1).contains(0);
    if (lost) return exit_broken;  // and the others are told to end
  }
  outputs.hand_on();
  static_cast<void>(own->wait_for(std::chrono::seconds(5)).ok());
  return 0;
}

int wait_as_rank(const fs::path& gang, int rank, const std::vector<std::string>& command) {
  static_cast<void>(io::become_subreaper().ok());
  std::size_t done = stages_in(gang).size();  // those of before it came went on without it
  static_cast<void>(io::write_file_atomic(gang / numbered("here", rank), "", {0600, true}).ok());
  int gone_looks = 0;
  while (!is_listed(gang, "over")) {
    const std::vector<std::string> stages = stages_in(gang);
    for (; done < stages.size(); ++done) run_stage(stages[done], rank, command);
    gone_looks = is_listed(gang, numbered("here", rank)) ? 0 : gone_looks + 1;
    if (gone_looks > gone_looks_max) return 0;
    std::this_thread::sleep_for(pause);
  }
  static_cast<void>(io::write_file_atomic(gang / numbered("left", rank), "", {0600, true}).ok());
  return 0;
}

}  // namespace tradewind::agent
