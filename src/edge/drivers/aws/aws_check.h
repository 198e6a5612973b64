// `tradewind check aws`: each thing that a job in this region needs, tried or asked for as a dry run.
#pragma once

#include <vector>

#include "edge/drivers/aws/aws_provider.h"
#include "edge/provider/proof.h"

namespace tradewind::aws {

// Nothing is launched, made or changed.
std::vector<provider::Proof> prove_region(AwsProvider& region, const Clock& clock);

}  // namespace tradewind::aws
