// A job's file_mounts and inputs on this machine: brought before setup, taken away when the agent leaves.
//   <scratch>/placed-data/<number>   what a target outside the work folder leads to
//   <scratch>/inputs/<name>          an input, read-only
//   <cache>                          what was brought, for the jobs to come (edge/data/cache.h)
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/data_targets.h"
#include "app/agent/workspace.h"
#include "base/result.h"
#include "core/model/job.h"
#include "edge/data/bring.h"
#include "edge/datamount/mount.h"
#include "edge/io/helper_processes.h"

namespace tradewind::agent {

bool has_data(const JobSpec& spec);

struct DataReport {
  std::uint64_t bytes_moved = 0;        // from their sources to this machine
  std::uint64_t bytes_reused = 0;       // that lay here
  std::vector<std::string> lines = {};  // one for each, for people
};

class JobData {
 public:
  struct Parts {
    std::filesystem::path cache;     // absolute
    std::filesystem::path home_dir;  // what "~" in a target stands for; empty: nothing
    io::HelperProcesses* helpers = nullptr;
    std::function<void(const std::string&)> say = [](const std::string&) {};  // the agent's own log
  };
  explicit JobData(Parts parts) : parts_(std::move(parts)) {}

  // Brings all of it and puts it where the program will look. Nothing is where the program looks before it is
  // whole. Safe to repeat after an error. Errors name the target or input, its source, and the cure: what may
  // pass is unavailable or rate_limited; cancelled.
  Result<DataReport> bring(const JobSpec& spec, const Workspace& workspace,
                           const std::function<bool()>& cancelled);
  // Brings copies into the cache alone, for a job that will come here. What cannot be had is left for
  // bring().
  DataReport prefetch(const JobSpec& spec, const std::function<bool()>& cancelled);

  // Takes away what was made outside the scratch folder. Safe from another thread; bring() makes nothing more
  // after it.
  // Returns what was read through mounts, for people.
  std::vector<std::string> release();

 private:
  struct One {
    std::string what;  // "file_mounts.data"
    std::string source;
    std::filesystem::path made;
    bool read_only = false;
  };
  Result<DataReport> fetch(const One& one, const std::function<bool()>& cancelled);
  Result<DataReport> mount_source(const One& one);
  Result<DataReport> bring_mount(const std::string& target, const FileMount& mount,
                                 const std::filesystem::path& made, const Workspace& workspace,
                                 const std::function<bool()>& cancelled);
  Status put_at(const std::string& target, const std::filesystem::path& made, bool is_moved,
                const Workspace& workspace);

  Parts parts_;
  std::mutex mutex_;  // guards what follows
  struct Mounted {
    std::string what;
    std::string source;
    std::unique_ptr<datamount::Mount> mount;
  };
  std::vector<Mounted> mounts_;
  DataTargets targets_;
  bool released_ = false;
};

}  // namespace tradewind::agent
