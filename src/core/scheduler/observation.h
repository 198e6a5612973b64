// What the world answered, and what users asked. Plain data: the only way in which anything reaches a
// decision.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "core/model/agent_status.h"
#include "core/model/instance.h"
#include "core/model/job.h"
#include "core/model/ledger_record.h"

namespace tradewind::scheduler {

struct LaunchReply {
  LeaseId lease;
  InstanceRef instance;  // when there is no error
  Time launched_at;
  std::optional<Error> error;  // unavailable: the outcome is unknown
};
struct TerminateReply {
  LeaseId lease;
  InstanceRef instance;
  bool done = false;  // seen gone; false: asked for, or an error
  std::optional<Error> error;
};
struct Listing {
  std::string provider;             // the supplier, as Working::suppliers names it
  Time asked_at;                    // when the first page was asked for
  std::vector<Instance> instances;  // complete when there is no error
  std::optional<Error> error;
};
struct MailboxReading {
  JobId job;
  Time asked_at;
  std::optional<Error> error;         // the probe or the ledger could not be read: nothing below counts
  std::vector<LedgerRecord> ledger;   // new records, ascending
  std::vector<AgentStatus> statuses;  // of the leases asked for; missing: has not reported
};
struct OrderWritten {
  LeaseId lease;
  std::uint64_t number = 0;
  std::optional<Error> error;
};

// Users' wishes; the ticket names the answer.
struct SubmitCommand {
  std::uint64_t ticket = 0;
  JobId id;  // made by the edge: chance is not ours
  JobSpec spec;
  std::string home;
};
struct CancelCommand {
  std::uint64_t ticket = 0;
  JobId job;
};
struct MoveCommand {
  std::uint64_t ticket = 0;
  MoveId id;
  JobId job;
  Location target;
};

using Observation = std::variant<LaunchReply, TerminateReply, Listing, MailboxReading, OrderWritten,
                                 SubmitCommand, CancelCommand, MoveCommand>;

}  // namespace tradewind::scheduler
