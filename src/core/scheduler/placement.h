// Where a job goes: the planner says what each offer would cost, the policy which of them to take, or to
// wait.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/catalog/egress.h"
#include "core/policy/policy.h"
#include "core/scheduler/decide.h"

namespace tradewind::scheduler {

struct PlacementRules {
  std::shared_ptr<const policy::Policy> policy;    // never null
  std::map<std::string, SupplierFacts> suppliers;  // by provider
  // Prices of moving a checkpoint; may be empty: moves cost nothing.
  std::function<catalog::EgressQuote(const Location& from, const Location& to, std::uint64_t bytes)> egress =
      {};
};

// The production answer to PlacementQuestion. Pure, as its parts are.
Place make_place(PlacementRules rules);

}  // namespace tradewind::scheduler
