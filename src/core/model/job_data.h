// What a job's data is and where it lies: the task fields file_mounts, inputs and outputs. What it means for
// users: docs/data.md.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/model/json.h"

namespace tradewind {

enum class MountMode {
  copy,   // the program has a copy of its own, and may write into it
  mount,  // read as it is needed, through a cache on the node's disk; nobody writes
};
std::string_view to_text(MountMode mode);

struct FileMount {
  std::string source;  // a store's URL, or an absolute path on the submitting machine
  MountMode mode = MountMode::copy;
  bool operator==(const FileMount&) const = default;
};

struct JobInput {
  std::string source;  // a store's URL
  double size_gb = 0;  // 10^9 bytes; 0: not said
  bool operator==(const JobInput&) const = default;
};

using FileMounts = std::map<std::string, FileMount>;  // by target
using JobInputs = std::map<std::string, JobInput>;    // by name

// Whether it is a store's URL rather than a path.
bool is_url(std::string_view source);

// A target on the node without "./", doubled and last slashes: "data/a", "/data", "~/data".
// invalid_argument: it is empty, has "..", a control character or nothing below "/" or "~".
Result<std::string> normal_target(std::string_view target);

// invalid_argument: one target lies within another, or is the other in another spelling.
Status check_targets_apart(const FileMounts& mounts);

// 1 to 63 letters, digits, '-', '_' or '.', a letter, digit or '_' first: a folder below $TRADEWIND_INPUTS.
bool is_input_name(std::string_view name);
// "corpus" of "s3://bucket/a/corpus?region=x": what an input is called that was given no name. Empty: it has
// none.
std::string input_name_of(std::string_view url);

// A copy is its source alone, as it always was; a mount says more: {"source":…,"mode":"mount"}.
json::value to_json(const FileMounts& mounts);
Result<FileMounts> file_mounts_from_json(const json::value& value, const std::string& path);
json::value to_json(const JobInputs& inputs);  // {"name":{"source":…,"size_gb":…}}
Result<JobInputs> job_inputs_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
