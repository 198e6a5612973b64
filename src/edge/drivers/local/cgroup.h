// Control groups around one instance, where this machine lets us: v1, v2 or both (cgroups(7)). They limit
// what an instance takes and name its processes even when those have hidden from everything else.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/io/process_table.h"

namespace tradewind::local {

struct CgroupLimits {
  double cpus = 0;        // 0: none
  double memory_gib = 0;  // 0: none
  int processes_max = 8192;
};

// One mounted hierarchy and this process's own folder in it.
struct Hierarchy {
  std::vector<std::string> controllers;  // of v1: which it holds; v2: empty
  bool v2 = false;
  std::filesystem::path own_folder;
};
// From the text of /proc/self/cgroup and /proc/self/mountinfo: v2, and v1's memory, cpu, pids and freezer.
std::vector<Hierarchy> parse_hierarchies(std::string_view cgroup_text, std::string_view mountinfo_text);
// Of this process. Empty where there are none.
std::vector<Hierarchy> own_hierarchies();

// The folders of one instance, one per hierarchy that let us make it. All of it is best effort: without a
// single folder everything still works, with less to hold on to.
class Cgroup {
 public:
  Cgroup() = default;
  explicit Cgroup(std::vector<std::string> folders) : folders_(std::move(folders)) {}
  // Folders named "tradewind-<name>" below our own. Limits that cannot be set are passed over.
  static Cgroup create(const std::string& name, const CgroupLimits& limits,
                       const std::vector<Hierarchy>& hierarchies);

  const std::vector<std::string>& folders() const { return folders_; }
  // What a child joins by writing itself into: "<folder>/cgroup.procs".
  std::vector<std::string> join_files() const;
  std::vector<pid_t> members() const;
  // Freezes all members at once, so that none can fork away, and kills them. Members may be left when it
  // returns.
  void kill() const;
  // Removes the folders. False when some remain, because processes do.
  bool remove() const;

 private:
  std::vector<std::string> folders_;
};

}  // namespace tradewind::local
