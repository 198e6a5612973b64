// What an instance is, from what its folder says and what the controller says. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/instance.h"
#include "edge/drivers/slurm/controller.h"
#include "edge/drivers/slurm/shared_store.h"

namespace tradewind::slurm {

// The jobs as they were, and when that was asked.
struct JobsSeen {
  std::vector<Job> jobs;
  Time asked_at;
};

// "tradewind:<owner>:<token>", and a name that fits squeue's columns a little and is as unique.
std::string comment_of(const OwnerId& owner, const std::string& token);
std::string name_of(const OwnerId& owner, const std::string& token);
// The job of this number, or without one (empty) any job that was submitted for this token, by its comment or
// its name. Nothing: the controller knows none.
const Job* job_of(const JobsSeen& seen, const OwnerId& owner, const std::string& token,
                  const std::string& id);

struct Viewed {
  Instance instance;
  std::optional<End> conclusion = std::nullopt;  // to be written down: the controller forgets
};

// Nothing when it was never submitted. `stale`: how long a script that lives may leave its "beat" untouched.
// `now` is the time of the host, as that of the entry's files.
std::optional<Viewed> view(const Entry& entry, const JobsSeen& seen, Time now, Duration stale);

// "4711.l-abc": the job's number for people, the token for us, since numbers are used again.
InstanceId instance_id(const std::string& job, const std::string& token);
// Its token; empty when it is none of ours.
std::string token_of(const InstanceId& id);

// Up to 64 of [A-Za-z0-9._-], not beginning with '.': what may be a folder's name and an argument.
bool is_plain(std::string_view text);

}  // namespace tradewind::slurm
