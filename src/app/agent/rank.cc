#include "app/agent/rank.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "app/agent/gang.h"
#include "app/agent/rank_lines.h"
#include "app/agent/stage_process.h"
#include "core/model/job_environment.h"
#include "edge/io/process_tree.h"

namespace tradewind::agent {
namespace {

constexpr int look_ms = 200;
constexpr std::size_t bytes_at_once = std::size_t{1} << 20;
constexpr int exit_broken = 1;
constexpr int gone_looks_max = 15;  // in a row; a shared folder may be out of sight for a moment

// The agent alone says when it is over: it is told of all that the machine's owner wants, and saves first.
void leave_signals_to_the_agent() {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) ::sigaddset(&blocked, number);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

// What the agent wrote for the head holds for all ranks but for what tells them apart.
std::map<std::string, std::string> environment_of(int rank) {
  std::map<std::string, std::string> variables = io::current_environment();
  set_rank(variables, rank);
  // The head's progress is the job's.
  if (rank != 0) variables["TRADEWIND_PROGRESS"] = "/dev/null";
  return variables;
}

void hand_on(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads any more: the program goes on
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Orders that came since the last look.
class Orders {
 public:
  Orders(const GangFolder& folder, StageProcess& stage) : folder_(folder), stage_(stage) {}
  void look() {
    const std::vector<std::string> lines = folder_.orders();
    for (; done_ < lines.size(); ++done_) perform(lines[done_]);
    gone_looks_ = folder_.gone() ? gone_looks_ + 1 : 0;
    if (killing_ || gone_looks_ > gone_looks_max) stage_.kill();
  }

 private:
  void perform(const std::string& line) {
    int signal_number = 0;
    if (std::sscanf(line.c_str(), "save %d", &signal_number) == 1) stage_.send_save(signal_number);
    if (line == "terminate") stage_.terminate();
    killing_ = killing_ || line == "kill";
  }
  const GangFolder& folder_;
  StageProcess& stage_;
  std::size_t done_ = 0;
  int gone_looks_ = 0;
  bool killing_ = false;
};

Result<StageProcess> start(const GangFolder& folder, int rank) {
  TW_ASSIGN_OR_RETURN(const std::string script, folder.script());
  std::error_code problem;
  StageRequest request;
  request.script = script;
  request.cwd = std::filesystem::current_path(problem);
  request.script_file = folder.path() / ("script." + std::to_string(rank));
  request.environment = environment_of(rank);
  return StageProcess::start(request);
}

io::ExitStatus run_to_end(const GangFolder& folder, StageProcess& stage, RankLines& lines) {
  const auto take = [&lines](std::string_view bytes) { lines.add(bytes); };
  Orders orders(folder, stage);
  std::optional<StageEnd> end;
  while (!end) {
    pollfd entries[] = {{stage.output_fd(), POLLIN, 0}, {stage.pidfd(), POLLIN, 0}};
    ::poll(entries, 2, look_ms);
    stage.read_output(bytes_at_once, take);
    orders.look();
    end = stage.ended();
  }
  stage.read_output(bytes_at_once, take);
  return end->status;
}

}  // namespace

int run_rank(const std::filesystem::path& path) {
  leave_signals_to_the_agent();
  static_cast<void>(io::become_subreaper());
  const GangFolder folder(path);
  const char* number = std::getenv("TRADEWIND_NODE_RANK");
  const int rank = number == nullptr ? 0 : std::atoi(number);
  RankLines lines("[" + std::to_string(rank) + "] ", hand_on);
  Result<StageProcess> stage = start(folder, rank);
  io::ExitStatus status{false, exit_broken};
  if (stage.ok()) {
    status = run_to_end(folder, *stage, lines);
  } else {
    lines.add("tradewind-agent: " + describe(stage.error()) + "\n");
  }
  lines.finish();
  ::fsync(STDOUT_FILENO);  // where it is a file: it comes before the end does
  return folder.note_end({rank, status}).ok() ? 0 : exit_broken;
}

}  // namespace tradewind::agent
