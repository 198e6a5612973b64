// The instances that others run on this machine now, whoever launched them and wherever their folders are.
#pragma once

#include <filesystem>
#include <vector>

#include "edge/drivers/local/instance_folder.h"

namespace tradewind::local {

struct LentInstance {
  LaunchRecord launch;
  StateRecord state;
  std::filesystem::path folder;
};

// Those of this user that keep to these rules of the machine's owner, found by their processes, by token.
std::vector<LentInstance> lent_instances(const std::filesystem::path& rules);

}  // namespace tradewind::local
