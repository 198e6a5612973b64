// Ending a whole family of processes so that nothing is left.
#pragma once

#include <functional>
#include <span>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/process_table.h"

namespace tradewind::io {

// Orphaned descendants become children of this process from now on (PR_SET_CHILD_SUBREAPER): however often
// they fork and setsid, they stay its descendants. Inherited by nobody.
Status become_subreaper();

// Picks from the machine's processes those that must die. Asked afresh every round.
using TargetPicker = std::function<std::vector<ProcessInfo>(const std::vector<ProcessInfo>& table)>;

// SIGSTOP to all that is picked until a round finds nothing new to stop, then SIGKILL, again and again until
// nothing that runs is picked. A process group of targets alone is signalled as a whole, which the kernel
// does atomically against fork: a fork bomb cannot outrun it. Never signals pid 1, the caller or the caller's
// ancestors, whatever the picker says. unavailable with the number left over when `limit` runs out.
// `groups_first` get SIGKILL before anything is looked at: under a fork bomb reading the process table takes
// seconds. REQUIRES: each is the pid of a child of this process, spawned with new_session and not collected.
Status kill_all(const TargetPicker& targets, Duration limit, std::span<const pid_t> groups_first = {});

// kill_all() on the descendants of `ancestor`; the ancestor itself is spared. With the calling process (a
// subreaper) as ancestor nothing that it ever started survives.
Status kill_descendants(pid_t ancestor, Duration limit, std::span<const pid_t> groups_first = {});

// Collects ended children that this process did not start itself but was given as a subreaper. `keep`: pids
// whose status somebody waits for (every live Child). Returns how many were collected.
int reap_adopted(std::span<const pid_t> keep);

}  // namespace tradewind::io
