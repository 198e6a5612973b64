#include "edge/io/helper_processes.h"

#include <algorithm>
#include <set>

namespace tradewind::io {

Result<Child> HelperProcesses::spawn(const SpawnRequest& request) {
  // Held while it is started: whoever found the child in a table asks here only after it is known.
  const std::lock_guard lock(mutex_);
  Result<Child> child = io::spawn(request);
  if (!child.ok()) return child;
  if (const Result<ProcessInfo> info = process_info(child->pid()); info.ok()) {
    helpers_.push_back(info->identity);
  }
  return child;
}

void HelperProcesses::forget(pid_t helper) {
  const std::lock_guard lock(mutex_);
  std::erase_if(helpers_, [helper](const ProcessIdentity& identity) { return identity.pid == helper; });
}

std::vector<ProcessInfo> HelperProcesses::without_helpers(const std::vector<ProcessInfo>& table) const {
  const std::lock_guard lock(mutex_);
  if (helpers_.empty()) return table;
  std::set<pid_t> spared;
  for (const ProcessInfo& process : table) {
    if (std::find(helpers_.begin(), helpers_.end(), process.identity) == helpers_.end()) continue;
    spared.insert(process.identity.pid);
    for (const ProcessInfo& below : descendants(table, process.identity.pid))
      spared.insert(below.identity.pid);
  }
  std::vector<ProcessInfo> others;
  for (const ProcessInfo& process : table) {
    if (!spared.contains(process.identity.pid)) others.push_back(process);
  }
  return others;
}

std::vector<pid_t> HelperProcesses::pids() const {
  const std::lock_guard lock(mutex_);
  std::vector<pid_t> pids;
  pids.reserve(helpers_.size());
  for (const ProcessIdentity& identity : helpers_) pids.push_back(identity.pid);
  return pids;
}

}  // namespace tradewind::io
