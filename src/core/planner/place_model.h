// What a job costs and takes at a location, apart from the machine's own price and speed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/planner/job_facts.h"

namespace tradewind::planner {

struct PlaceModel {
  double cold_start_s = 0;
  double notice_lead_s = 0;
  double first_restore_s = 0;
  double restore_s = 0;
  Money first_egress;    // the checkpoint that there is, to here
  Money restart_egress;  // from the store to here, each time
  Money save_egress;     // from here to the store, each time
  std::string first_egress_rule = {};
  std::string restart_egress_rule = {};
  std::string save_egress_rule = {};
  std::optional<std::uint16_t> avoided_by = {};  // entry of the job's avoid
  std::optional<double> share_limit = {};        // max_share of the supplier, once anything was spent
  double spent = 0;                              // with the supplier
};

PlaceModel model_place(const PlanRequest& request, const JobFacts& facts, const Location& location);

}  // namespace tradewind::planner
