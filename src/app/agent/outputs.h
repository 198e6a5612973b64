// What a job leaves behind for its user: files copied into the job's store when it ends.
//   <job prefix>outputs.json             {"files":[{"path","size","mode","parts":["outputs/…",…]}]}
//   <job prefix>outputs/<encoded path>.NNNN   parts of at most 8 MiB, in order
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/agent/workspace.h"
#include "base/result.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::agent {

// Keeps every file in the outputs folder (by its path in there) and everything at `paths` (relative to the
// work folder, as they are). A path that is missing or leaves the work folder is named in the note that is
// returned, and is no error. Links are followed to files that lie inside the workspace only. Safe to repeat.
Result<std::string> keep_outputs(objectstore::ObjectStore& store, const std::string& job_prefix,
                                 const Workspace& workspace, const std::vector<std::string>& paths);

// The files that an output is, by their paths below it: what the work folder has at `path`, or else the
// outputs folder. One that is a file itself has the empty path. Links count as in keep_outputs.
std::map<std::string, std::filesystem::path> files_of_output(const Workspace& workspace,
                                                             const std::string& path);

// A key part made of [A-Za-z0-9.-] and '_' + two hex digits for every other byte; '/' stays.
std::string encode_output_path(std::string_view path);

}  // namespace tradewind::agent
