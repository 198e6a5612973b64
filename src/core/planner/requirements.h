// A job's resources as a flat list of alternatives, each complete, and the check of an offer against them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/model/job.h"
#include "core/planner/rejection.h"

namespace tradewind::planner {

struct WantedAccelerator {
  std::string model;      // as offers spell it
  double memory_gib = 0;  // of one; 0: any
  double count = 1;
};

struct Requirement {
  ResourceRequest resources;  // any_of and ordered are empty
  std::vector<WantedAccelerator> accelerators;
  std::size_t preference = 0;  // place in `ordered`
};

// An alternative takes over what it does not say from the request that holds it. Empty any_of and ordered:
// the request itself. An accelerator that the table does not know is matched by its exact name.
std::vector<Requirement> flatten(const ResourceRequest& request);

// The first alternative that the offer meets, by index. Otherwise the rejection that got furthest, with code,
// detail, found and wanted set. Cost for `nodes` nodes.
struct Match {
  std::optional<std::size_t> requirement;
  Rejection rejection;
};
Match match(const Offer& offer, const std::vector<Requirement>& requirements, int nodes);

}  // namespace tradewind::planner
