// What a decision wants done. Plain data: the engine's runner does it and answers with observations.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "core/model/agent_status.h"
#include "core/model/instance.h"
#include "core/model/job.h"

namespace tradewind::scheduler {

// Writes the job's spec into its mailbox (once), then asks the supplier. Answered by LaunchReply.
struct Launch {
  LeaseId lease;  // the token
  JobId job;
  JobSpec spec;
  std::string home;
  Offer offer;
  int attempt = 0;
  bool standby = false;  // the target of a move: prefetch, wait for `start`
  Time hard_limit;
  double hazard_per_h = 0;  // losses that are expected there: the agent saves accordingly
};
// Answered by TerminateReply. `lease` is empty for an orphan.
struct Terminate {
  LeaseId lease;
  InstanceRef instance;
};
// All pages of instances(owner). Answered by Listing.
struct ListInstances {
  std::string provider;
};
// Ledger, statuses and a probe of one job's mailbox. Answered by MailboxReading.
struct ReadMailbox {
  JobId job;
  std::string home;
  std::uint64_t ledger_after = 0;
  std::vector<LeaseId> leases;
  bool encrypted = false;  // as the job's spec says, whatever the store holds
};
// Answered by OrderWritten.
struct WriteOrder {
  JobId job;
  std::string home;
  LeaseId lease;
  Order order;
  bool encrypted = false;
};

using Action = std::variant<Launch, Terminate, ListInstances, ReadMailbox, WriteOrder>;

}  // namespace tradewind::scheduler
