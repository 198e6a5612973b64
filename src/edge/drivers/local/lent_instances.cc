#include "edge/drivers/local/lent_instances.h"

#include <map>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/process_table.h"

namespace tradewind::local {
namespace {

using std::filesystem::path;

constexpr std::size_t environment_max = std::size_t{4} << 20;

// By the environment that its machine gave the agent: "<folder>/scratch/tmp" is its TMPDIR. "" for other
// processes.
path folder_of(pid_t pid) {
  const Result<std::string> environment =
      io::read_file("/proc/" + std::to_string(pid) + "/environ", environment_max);
  if (!environment.ok()) return {};
  constexpr std::string_view temporary = "TMPDIR=";
  const std::string marker = std::string(marker_variable) + "=";
  std::string token;
  path folder;
  for (const std::string& entry : split(*environment, '\0')) {
    if (entry.starts_with(marker)) token = entry.substr(marker.size());
    if (entry.starts_with(temporary))
      folder = path(entry.substr(temporary.size())).parent_path().parent_path();
  }
  const bool ours = is_token(token) && folder.is_absolute() && folder.filename() == token;
  return ours ? folder : path();
}

}  // namespace

std::vector<LentInstance> lent_instances(const path& rules) {
  std::map<std::string, LentInstance> found;
  for (const io::ProcessInfo& process : io::list_processes()) {
    const path folder = folder_of(process.identity.pid);
    if (folder.empty() || found.contains(folder.filename().string())) continue;
    const Result<LaunchRecord> launch = InstanceFolder(folder).launch();
    const Result<StateRecord> state = InstanceFolder(folder).state();
    if (!launch.ok() || !state.ok() || !launch->lending || launch->lending->rules != rules) continue;
    found.emplace(launch->token, LentInstance{*launch, *state, folder});
  }
  std::vector<LentInstance> instances;
  for (auto& [token, instance] : found) instances.push_back(std::move(instance));
  return instances;
}

}  // namespace tradewind::local
