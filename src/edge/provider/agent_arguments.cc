#include "edge/provider/agent_arguments.h"

#include <cstdio>

namespace tradewind::provider {

std::string accelerator_argument(const Accelerator& accelerator) {
  char count[32] = {};
  std::snprintf(count, sizeof count, "%g", accelerator.count);
  return "--accelerator=" + accelerator.model + ":" + count;
}

Status prove_network_stores(const LaunchRequest& request, const std::string& place) {
  for (const std::string& argument : request.agent_arguments) {
    const std::size_t value = argument.find('=') + 1;
    if (!argument.substr(0, value).ends_with("store=") || argument.compare(value, 5, "file:") != 0) continue;
    return Error{Code::invalid_argument, place + " cannot reach the store " + argument.substr(value),
                 "name one of the network in the task: checkpoint.stores: [s3://BUCKET/PREFIX]"};
  }
  return {};
}

}  // namespace tradewind::provider
