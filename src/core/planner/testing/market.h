// Small, readable catalogues and jobs for tests of whatever plans.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/job.h"
#include "core/model/offer.h"

namespace tradewind::planner::testing {

// "aws/us-east-1 p5.48xlarge on_demand 8xH100-80 192 2048 55.04": place, type, purchase, accelerators (or
// "-"), vCPUs, GiB, US dollars an hour. Aborts on anything else.
Offer offer_of(std::string_view line);
// One per line; blank lines are skipped.
std::vector<Offer> offers_of(std::string_view lines);

// A job of `total` steps that saves checkpoints, on count accelerators of the model ("" for none).
JobSpec job_of(double total, const std::string& model = "", double count = 1);

}  // namespace tradewind::planner::testing
