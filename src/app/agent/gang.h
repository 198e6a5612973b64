// A stage that runs on several nodes, all or nothing. Whoever starts programs on all of them (Slurm's srun)
// is named to the agent as its launcher: a program that starts its arguments once on each node, with
// $TRADEWIND_NODE_RANK set, hands on their output, and ends when they have. What it starts is this agent's
// program as a rank (rank.h).
//
// Agent and ranks meet in a folder that all nodes see. Signals of the launcher would not do: some reach every
// process, and kill those that do not handle them.
//   script    what each rank runs
//   orders    grows by a line for each order, in place: of a file that is replaced, network file systems show
//             the old one for a while
//   ended.N   "<code> <0|1: by a signal>": how rank N ended
//   failed    "<N> <code> <0|1>" of the rank that failed first
// A rank whose folder is gone ends itself: it belongs to a stage that is over.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/process.h"

namespace tradewind::agent {

struct RankEnd {
  int rank = 0;
  io::ExitStatus status;
  bool operator==(const RankEnd&) const = default;
};

class GangFolder {
 public:
  explicit GangFolder(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  // Makes the folder anew, with the script and no orders.
  Status begin(const std::string& script) const;
  Result<std::string> script() const;
  // There is no such folder any more, as far as can be seen.
  bool gone() const;
  void remove() const;

  // The agent's: "save <signal>", "terminate", "kill".
  Status order(const std::string& line) const;
  // All so far, in order; of a line that is being written, nothing.
  std::vector<std::string> orders() const;

  // A rank's. The first that says that it failed holds.
  Status note_end(const RankEnd& end) const;
  std::optional<RankEnd> failure() const;
  // How each rank ended that has said so.
  std::map<int, io::ExitStatus> ends(int nodes) const;

 private:
  std::filesystem::path path_;
};

// How a stage of several nodes ended.
struct GangEnd {
  io::ExitStatus status;
  int rank = -1;        // the one that failed first; -1: none
  bool killed = false;  // a rank was ended in the midst of its work
  std::string lost;     // not empty: ranks ended without a word, which says nothing of the program; who
};

// The agent's view of one stage.
class Gang {
 public:
  Gang(GangFolder folder, int nodes) : folder_(std::move(folder)), nodes_(nodes) {}
  const GangFolder& folder() const { return folder_; }

  // To be called while the launcher runs: once one rank has failed the others are told to end, unless all
  // were told already.
  void watch(bool terminating);
  // Once the launcher has ended. Nothing: a rank that it no longer waits for may still run. It is told to
  // end, and waited for until `now` is a while later; a launcher that ends in order leaves none.
  std::optional<GangEnd> ended(const io::ExitStatus& launcher, bool terminating, Duration now);

 private:
  void kill_all();
  GangFolder folder_;
  int nodes_;
  bool kill_ordered_ = false;
  std::optional<Duration> gone_since_;  // the launcher
};

// Whether the folder's list has the name. Network file systems remember for up to a minute that a name was
// not there, but ask anew when a folder is listed.
bool is_listed(const std::filesystem::path& folder, const std::string& name);

// A TCP port for the ranks to meet on, free on this node now: from 20000 to 31999, below those that systems
// give out by themselves. Which one is tried first follows from the seed.
int meeting_port(std::string_view seed);

}  // namespace tradewind::agent
