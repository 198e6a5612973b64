// The market as the planner sees it.
#pragma once

#include <map>
#include <string>

#include "core/catalog/egress.h"
#include "core/scheduler/market.h"
#include "core/scheduler/working.h"

namespace tradewind::scheduler {

struct SurveyRules {
  std::map<std::string, SupplierFacts> suppliers;  // by provider
  // Prices of moving a checkpoint; may be empty: moves cost nothing.
  std::function<catalog::EgressQuote(const Location& from, const Location& to, std::uint64_t bytes)> egress =
      {};
  // Why the job can never run in that region, whatever is sold there; empty: it can. May be empty: all can.
  std::function<std::string(const JobRecord& job, const Location& location)> out_of_reach = {};
};

// The production answer to SurveyQuestion. Pure, as its parts are.
Survey make_survey(SurveyRules rules);

}  // namespace tradewind::scheduler
