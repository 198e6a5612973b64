// What a job needs of the machine that it was submitted from, brought to where it runs: each folder is a
// checkpoint of its own below the job's prefix, saved once.
//   <job prefix>package/workdir/…    the task's workdir
//   <job prefix>package/mount-0/…    the first of the file_mounts that is a path, by target; …
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "core/model/job.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::checkpoint {

// Whether the task names files of the submitting machine.
bool needs_package(const JobSpec& spec);

// Saves what is not there yet. not_found: a path that the task names is not on this machine.
Status pack(const JobSpec& spec, objectstore::ObjectStore& home, const std::string& job_prefix, Time now);

// Brings it back below `folder`, and makes the task's paths lead there. corrupt; unavailable.
Status unpack(JobSpec& spec, objectstore::ObjectStore& home, const std::string& job_prefix,
              const std::filesystem::path& folder);

}  // namespace tradewind::checkpoint
