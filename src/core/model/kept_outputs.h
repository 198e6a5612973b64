// The list of the files that a finished job has kept in its store: <job prefix>outputs.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/json.h"

namespace tradewind {

// Of every part but the last.
inline constexpr std::size_t kept_part_bytes = std::size_t{8} << 20;

struct KeptFile {
  std::string path;  // as the user finds it: relative, in UTF-8, joined by '/'
  std::uint64_t size_bytes = 0;
  std::uint32_t mode = 0644;       // permission bits
  std::string sha256 = {};         // of its bytes, lower-case hex; empty in lists of older agents
  std::vector<std::string> parts;  // keys below the job's prefix; the file is these in order
};

json::value to_json(const std::vector<KeptFile>& files);
// corrupt: it is no such list, or a path would leave the folder that files are brought into, or a part's key
// the job's outputs.
Result<std::vector<KeptFile>> kept_files_from_json(const json::value& value, const std::string& name);

}  // namespace tradewind
