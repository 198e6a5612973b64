// The agent's command line, as several drivers read it and add to it.
#pragma once

#include <string>

#include "base/result.h"
#include "core/model/offer.h"
#include "edge/provider/provider.h"

namespace tradewind::provider {

// "--accelerator=H100:8", "--accelerator=A10G:0.5".
std::string accelerator_argument(const Accelerator& accelerator);

// For a place whose instances see no folder of this machine. invalid_argument names the store; `place`: who
// cannot reach it, "pods".
Status prove_network_stores(const LaunchRequest& request, const std::string& place);

}  // namespace tradewind::provider
