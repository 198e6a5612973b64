// The processes of a stage (setup, or the program): started, signalled and ended as a family.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/agent/gang.h"
#include "app/agent/process_usage.h"
#include "base/result.h"
#include "edge/io/helper_processes.h"
#include "edge/io/process.h"
#include "edge/io/process_table.h"

namespace tradewind::agent {

struct StageRequest {
  std::string script;
  std::filesystem::path cwd;
  std::filesystem::path script_file;  // where a script too long for an argument is written
  std::map<std::string, std::string> environment;
  const io::HelperProcesses* helpers = nullptr;  // this process's own, which belong to no stage; may be null
  // Starts the script on several nodes instead (gang.h). Empty: here.
  std::filesystem::path launcher = {};
  int nodes = 1;
  std::filesystem::path gang_folder = {};  // that all of them see
};

struct StageEnd {
  io::ExitStatus status;  // of its first process, on several nodes of the rank that failed first
  int rank = -1;          // which one that was; -1: none, or there is one node alone
  bool killed = false;    // ended in the midst of its work
  std::string lost = {};  // not empty: the end of a place rather than of the program; whose
};

// REQUIRES: this process is a subreaper and has no other children than helpers: all its other descendants
// belong to the stage. The helpers outlive it.
class StageProcess {
 public:
  // Runs the script with bash -c (sh where there is no bash) in a session of its own, with no input and with
  // both output streams in one pipe. It dies with the calling thread.
  static Result<StageProcess> start(const StageRequest& request);

  // For poll(): readable when the first process has ended; readable when there is output. -1: never.
  int pidfd() const { return leader_.pidfd(); }
  int output_fd() const { return output_.get(); }
  // Hands on at most `bytes_max` bytes of output that are there now.
  void read_output(std::size_t bytes_max, const std::function<void(std::string_view)>& take);

  // To the processes that handle it (process_usage.h: first_handlers); returns how many. On several nodes:
  // one where it could be told to all, since how many handle it there is not known.
  int send_save(int signal_number);
  // SIGTERM, once, to each. From now on the others may outlive the first process.
  void terminate();
  // SIGKILL until nothing is left, for a short while; repeat when ended() stays empty.
  void kill();

  // Once nothing of the stage runs any more. What the first process leaves running when it ends by itself is
  // killed, and so are the other ranks when one has failed.
  std::optional<StageEnd> ended();
  ProcessUsage usage() const;

 private:
  StageProcess(io::Child leader, io::UniqueFd output, const StageRequest& request)
      : leader_(std::move(leader)), output_(std::move(output)), helpers_(request.helpers) {
    if (!request.launcher.empty()) gang_.emplace(GangFolder(request.gang_folder), request.nodes);
  }
  void kill_gang();
  std::vector<io::ProcessInfo> family(const std::vector<io::ProcessInfo>& table) const;
  std::vector<io::ProcessInfo> family() const;
  Status kill_family() const;
  void reap_family(bool with_leader) const;
  io::Child leader_;
  io::UniqueFd output_;
  const io::HelperProcesses* helpers_;
  std::optional<Gang> gang_;
  bool terminating_ = false;
};

}  // namespace tradewind::agent
