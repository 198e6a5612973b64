// Why an offer is not taken: a code for programs, figures, and a sentence that is only written when asked
// for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tradewind::planner {

struct PlanRequest;

// Ordered by how far an offer got: where alternatives reject it for several reasons, the furthest is kept.
enum class RejectionCode : std::uint8_t {
  other_currency,        // priced in another currency than the plan
  avoided,               // in a location that the job avoids
  needs_commitment,      // reserved capacity that the user has not got
  accelerator_mismatch,  // none, or another one
  accelerator_count,
  instance_type,
  location,  // outside infra
  purchase,  // spot or on-demand is not wanted
  too_few_cpus,
  too_many_cpus,
  too_little_memory,
  too_much_memory,
  too_few_nodes,  // of one job
  over_hourly_cost,
  blocked,          // refused for want of capacity a moment ago
  unknown_speed,    // no rate is known and none follows
  over_time_limit,  // of one allocation, and the job saves nothing to go on from
  never_finishes,   // interruptions outrun it
  over_budget,      // expected cost
  over_share,       // max_share
  misses_deadline,  // p95 finish
};
std::string_view to_text(RejectionCode code);

struct Rejection {
  std::uint32_t offer = 0;  // index into the request's offers
  RejectionCode code = RejectionCode::avoided;
  std::uint16_t detail = 0;  // which entry of avoid or blocked, which alternative
  double found = 0;          // the offer's figure: count, GiB, currency units, share, seconds
  double wanted = 0;         // the limit
};

// "p5.48xlarge has 8 x H100 and 16 are asked for". REQUIRES: the request that led to it.
std::string reason_of(const PlanRequest& request, const Rejection& rejection);

}  // namespace tradewind::planner
