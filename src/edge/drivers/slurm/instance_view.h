// What an instance is, from what its folder says and what the controller says. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/model/instance.h"
#include "edge/drivers/slurm/controller.h"
#include "edge/drivers/slurm/shared_store.h"

namespace tradewind::slurm {

// The jobs as they were, and when that was asked. Thousands are found by hashes.
class JobsSeen {
 public:
  JobsSeen() = default;
  JobsSeen(std::vector<Job> jobs, Time asked_at);
  JobsSeen(const JobsSeen&) = delete;
  JobsSeen& operator=(const JobsSeen&) = delete;
  JobsSeen(JobsSeen&&) = default;
  JobsSeen& operator=(JobsSeen&&) = default;

  const std::vector<Job>& jobs() const { return jobs_; }
  Time asked_at() const { return asked_at_; }
  // All that were submitted for this instance, by comment, by name or as this element of its array, but for
  // those that Slurm refused. In no order.
  std::vector<const Job*> of(const Entry& entry) const;
  // The waiting elements of its array that Slurm did not write out; nullptr: it wrote all.
  const Job* abbreviation_of(const Entry& entry) const;

 private:
  using Index = std::unordered_multimap<std::string_view, const Job*>;
  std::vector<Job> jobs_;
  Time asked_at_;
  Index by_id_;
  Index by_name_;
  Index by_comment_;
};

// What the controller said, beside what the folders say.
struct Sight {
  const JobsSeen& jobs;
  Time now;        // the host's, when the folders were read
  Duration age{};  // how long before that the controller was asked, or a little more
};

// "tradewind:<owner>:<token>", and a name that fits squeue's columns a little and is as unique.
std::string comment_of(const OwnerId& owner, const std::string& token);
std::string name_of(const OwnerId& owner, const std::string& token);
// The job of the entry's number, or where it has none yet any job that was submitted for it. Nothing: the
// controller knows none.
const Job* job_of(const JobsSeen& seen, const Entry& entry);
// The number of job_of()'s: where Slurm did not write it out, its array's and its index there.
std::string id_of(const Job& job, const Entry& entry);
// What is to be cancelled so that nothing of this instance runs or waits any more; nothing where Slurm knows
// nothing of it.
std::optional<Cancellation> cancellation_of(const Sight& sight, const Entry& entry);

struct Viewed {
  Instance instance;
  std::optional<End> conclusion = std::nullopt;  // to be written down: the controller forgets
};

// Nothing when it was never submitted. `stale`: how long a script that lives may leave its "beat" untouched.
std::optional<Viewed> view(const Entry& entry, const Sight& sight, Duration stale);

// "4711.l-abc", "4711_3.l-abc": the job's number for people, the token for us, since numbers are used again.
InstanceId instance_id(const std::string& job, const std::string& token);
// Its token; empty when it is none of ours.
std::string token_of(const InstanceId& id);

// Up to 64 of [A-Za-z0-9._-], not beginning with '.': what may be a folder's name and an argument.
bool is_plain(std::string_view text);

}  // namespace tradewind::slurm
