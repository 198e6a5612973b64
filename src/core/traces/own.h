// Traces of the user's own: what the leases of a control plane tell of spot capacity.
#pragma once

#include <map>
#include <vector>

#include "core/model/records.h"
#include "core/traces/trace.h"

namespace tradewind::traces {

// One trace for each place and instance type of which a spot launch was granted, or refused for want of
// capacity. Granted: up from then on. Refused, or taken back: down from then on. Nothing is known in between,
// so that what was seen last lasts until something else is seen; the last word lasts for one tick where
// nothing is held. A tick is up only when all of it is.
std::vector<Trace> own_traces(const std::map<LeaseId, LeaseRecord>& leases, double tick_s, Time now);

}  // namespace tradewind::traces
