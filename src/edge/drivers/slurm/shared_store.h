// What the driver keeps on the cluster's shared file system, which the batch scripts write too:
//   <store>/bin/tradewind-agent-<sha256>       the agent's program
//   <store>/instances/<owner>/<token>/         one instance, 0700
//     record      what was asked, JSON on one line; never changes
//     job         the number of the one job that may run it: who makes it first (a hard link, which is one on
//                 NFS too) decides, the launcher or the job itself
//     secrets     environment of the agent (0600), until the script has read it
//     beat        touched while the script lives
//     terminate   appears when the end is asked for
//     end         "<seconds since 1970> <kind> <reason>": how it ended; the first word holds
//     notice, limit, agent.log, job.log
//   <store>/ended/<owner>/<token>              the record of one no longer shown: tokens stay used for 30
//   days
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "core/model/offer.h"
#include "edge/io/host.h"

namespace tradewind::slurm {

struct Record {
  std::string token;
  OwnerId owner;
  JobId job;
  std::string offer;  // its key
  Location location;
  Time launched_at;
};
std::string to_line(const Record& record);
Result<Record> record_from_line(const std::string& line);

// How an instance ended, by the file "end".
struct End {
  Time at;
  std::string kind;  // done, failed, preempted, limit, stopped, terminated, requeued, lost
  std::string reason;
};
std::string to_line(const End& end);
std::optional<End> end_from_line(const std::string& line);

struct Entry {
  Record record;
  std::string job;  // empty: nothing is known to have been submitted
  std::optional<End> end = std::nullopt;
  bool terminate = false;
  std::optional<Time> beat = std::nullopt;
};

struct Entries {
  std::vector<Entry> entries;
  Time now;  // by the host's clock, as `beat` and `end` are
};

enum class Claim { fresh, known, ended };
struct Prepared {
  Claim claim = Claim::fresh;
  Record record;    // the first one of this token
  std::string job;  // empty: none is known
};

// All answers: the host's errors, and unavailable when its file system refused.
class SharedStore {
 public:
  // `host` outlives this.
  SharedStore(io::Host& host, std::string root, Duration patience)
      : host_(host), root_(std::move(root)), patience_(patience) {}

  std::string folder_of(const OwnerId& owner, const std::string& token) const;
  std::string job_stores() const { return root_ + "/store"; }
  // Full path there of this program, put there unless it is there already.
  Result<std::string> put_program(const std::string& bytes, const std::string& digest);
  // Takes the token. `secrets` are lines of a shell.
  Result<Prepared> prepare(const Record& record, const std::string& secrets);
  // The number of the job that has the token now: `job` where nobody was first.
  Result<std::string> claim(const Record& record, const std::string& job);
  // Nothing was submitted: takes the secrets away.
  Status withdraw(const Record& record);
  // Moves those that ended a day ago out of the way.
  Result<Entries> list(const OwnerId& owner);
  // Of this token, whatever its owner.
  Result<Entries> find(const std::string& token);
  // Asks for the end.
  Status ask_to_terminate(const Record& record);
  // Writes how those ended that did not do so themselves.
  Status conclude(const std::vector<std::pair<Record, End>>& ended);

 private:
  Result<std::string> run(const std::string& script, std::vector<std::string> arguments,
                          const std::string& input = {}, const std::string& what = {});
  io::Host& host_;
  std::string root_;
  Duration patience_;
};

}  // namespace tradewind::slurm
