#include "edge/io/paths.h"

namespace tradewind::io {
namespace {

using Path = std::filesystem::path;

Path variable(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? Path() : Path(found->second);
}

}  // namespace

Result<Folders> folders_from(const std::map<std::string, std::string>& environment) {
  if (const Path own = variable(environment, "TRADEWIND_HOME"); !own.empty()) {
    if (own.is_absolute()) return Folders{own / "config", own / "state", own / "data", own / "cache"};
    return Error{Code::invalid_argument, "TRADEWIND_HOME is '" + own.string() + "', not an absolute path",
                 "write the whole path, beginning with /"};
  }
  const Path home = variable(environment, "HOME");
  bool missing = false;
  const auto folder = [&](const char* name, const char* below_home) {
    const Path configured = variable(environment, name);
    if (configured.is_absolute()) return configured / "tradewind";
    missing |= !home.is_absolute();
    return home / below_home / "tradewind";
  };
  Folders folders = {folder("XDG_CONFIG_HOME", ".config"), folder("XDG_STATE_HOME", ".local/state"),
                     folder("XDG_DATA_HOME", ".local/share"), folder("XDG_CACHE_HOME", ".cache")};
  if (missing) {
    return Error{Code::invalid_argument, "HOME is not set, so there is no place for Tradewind's files",
                 "set HOME or TRADEWIND_HOME to a folder"};
  }
  return folders;
}

}  // namespace tradewind::io
