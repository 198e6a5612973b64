// Where Tradewind keeps its things (XDG Base Directory Specification 0.8).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace tradewind::io {

struct Folders {
  std::filesystem::path config;  // what the user writes
  std::filesystem::path state;   // the control plane's own: lost with it, jobs are forgotten
  std::filesystem::path data;    // object stores and other large things
  std::filesystem::path cache;   // may be deleted at any time
};

// From TRADEWIND_HOME (then <home>/config, /state, /data, /cache), else from XDG_CONFIG_HOME, XDG_STATE_HOME,
// XDG_DATA_HOME, XDG_CACHE_HOME (relative ones are ignored, as the specification asks), else from HOME. Makes
// nothing. invalid_argument when none of them tells or TRADEWIND_HOME is relative.
Result<Folders> folders_from(const std::map<std::string, std::string>& environment);

}  // namespace tradewind::io
