// The file in which a preemption notice appears, written by whoever watches the supplier.
#pragma once

#include <string_view>

#include "base/result.h"
#include "core/model/agent_status.h"

namespace tradewind::agent {

// {"deadline": "2026-11-24T01:52:07Z", "reason": "…"}, or the form of EC2's instance-action document,
// {"action": "terminate", "time": "…"}. invalid_argument: neither.
Result<PreemptionNotice> parse_notice(std::string_view text, Time now);

// For a notice that says nothing readable: it comes after the usual warning.
PreemptionNotice bare_notice(Time now, Duration lead);

}  // namespace tradewind::agent
