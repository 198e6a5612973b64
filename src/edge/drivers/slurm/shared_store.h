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
//     element     "<array> <index>" where it was submitted as an element of a job array
//     agent       what the element's script runs: lines of a shell
//   <store>/arrays/<owner>/<array>/            one job array, 0700, until the last of its instances is gone
//     tokens      a line for each element: its token
//     job         the array's number, once it is submitted
//     limit       seconds that each element may run, or "none", once one has begun
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

// A job array has the name `array`; a launch is one element of it.
struct Element {
  std::string array;
  long index = 0;
  bool operator==(const Element&) const = default;
};

struct Entry {
  Record record;
  std::string job = {};                         // empty: nothing is known to have been submitted
  std::optional<Time> numbered = std::nullopt;  // when `job` was written down, by the host's clock
  std::optional<Element> element = std::nullopt;
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
  Entry entry;  // the first one of this token
};

// Lines of a shell that set the agent's environment.
std::string secret_lines(const std::map<std::string, std::string>& secrets);

// One launch among many.
struct ArrayLaunch {
  Record record;
  std::string agent;    // lines of a shell
  std::string secrets;  // the same
};

// All answers: the host's errors, and unavailable when its file system refused. What takes its place where
// the cluster is modelled overrides what asks the host.
class SharedStore {
 public:
  // `host` outlives this.
  SharedStore(io::Host& host, std::string root, Duration patience)
      : host_(host), root_(std::move(root)), patience_(patience) {}
  virtual ~SharedStore() = default;
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;

  std::string folder_of(const OwnerId& owner, const std::string& token) const;
  std::string job_stores() const { return root_ + "/store"; }
  // Full path there of this program, put there unless it is there already.
  virtual Result<std::string> put_program(const std::string& bytes, const std::string& digest);
  // Takes the token. `secrets` are lines of a shell.
  virtual Result<Prepared> prepare(const Record& record, const std::string& secrets);
  // The number of the job that has the token now: `job` where nobody was first.
  virtual Result<std::string> claim(const Record& record, const std::string& job);
  // Nothing was submitted: takes the secrets away.
  virtual Status withdraw(const Record& record);
  // Takes the tokens of many, each as one element of an array of that name. Returns the indices that are
  // fresh: all others were used before.
  virtual Result<std::vector<long>> prepare_array(const std::string& array,
                                                  const std::vector<ArrayLaunch>& launches);
  // The array was submitted under this number.
  virtual Status claim_array(const OwnerId& owner, const std::string& array, const std::string& job);
  // Nothing was submitted for these: gives the tokens back. With them all, the array goes too.
  virtual Status withdraw_array(const std::string& array, const std::vector<Record>& records, bool all);
  std::string folder_of_array(const OwnerId& owner, const std::string& array) const;
  // Moves those that ended a day ago out of the way.
  virtual Result<Entries> list(const OwnerId& owner);
  // Of these tokens, whatever their owners.
  virtual Result<Entries> find(const std::vector<std::string>& tokens);
  // Asks for the end.
  virtual Status ask_to_terminate(const std::vector<Record>& records);
  // Writes how those ended that did not do so themselves.
  virtual Status conclude(const std::vector<std::pair<Record, End>>& ended);

 private:
  Result<std::string> run(const std::string& script, std::vector<std::string> arguments,
                          const std::string& input = {}, const std::string& what = {});
  io::Host& host_;
  std::string root_;
  Duration patience_;
};

}  // namespace tradewind::slurm
