// Programs that this process runs for itself, told apart from those that it watches over. Whoever ends "all
// my descendants" spares these.
#pragma once

#include <mutex>
#include <vector>

#include "base/result.h"
#include "edge/io/process.h"
#include "edge/io/process_table.h"

namespace tradewind::io {

// Safe from several threads.
class HelperProcesses {
 public:
  // As io::spawn; the child is a helper until forget().
  Result<Child> spawn(const SpawnRequest& request);
  // REQUIRES: called before its status is collected, and by whoever spawned it.
  void forget(pid_t helper);

  // Those of `table` that are no helpers and descend from none. `table` may have been read before a helper
  // was started or while it was: it is left out all the same.
  std::vector<ProcessInfo> without_helpers(const std::vector<ProcessInfo>& table) const;
  // Whose status nobody else may collect.
  std::vector<pid_t> pids() const;

 private:
  mutable std::mutex mutex_;
  std::vector<ProcessIdentity> helpers_;  // protected by mutex_
};

}  // namespace tradewind::io
