// Records with every member set, for tests of what is stored and sent.
#pragma once

#include "core/model/manifest.h"
#include "core/model/records.h"

namespace tradewind {

Offer sample_offer();
JobSpec sample_spec();
AgentStatus sample_status();
Order sample_order();
JobRecord sample_job();
LeaseRecord sample_lease();
MoveRecord sample_move();
LedgerRecord sample_ledger_record(LedgerKind kind);
Manifest sample_manifest();

}  // namespace tradewind
