// What users may ask of a running control plane. The server's routes and the tests know the broker only by
// this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "core/model/records.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/mailbox/mailbox.h"
#include "edge/store/store.h"

namespace tradewind::broker {

// Safe from several threads at once. Each call blocks until it is answered.
class ControlPlane {
 public:
  virtual ~ControlPlane() = default;
  // Acknowledged when it returns: the job is stored durably. invalid_argument (a spec that cannot run, an
  // unknown store), unavailable (nothing was stored).
  virtual Result<JobId> submit(const JobSpec& spec) = 0;
  // Asks for the end; a finished job is conflict. not_found.
  virtual Status cancel(const JobId& job) = 0;
  // Plans a move to the cheapest offer within `target`. not_found; conflict (not running, or a move is under
  // way); invalid_argument (nothing to be had within `target`, or the job is there already).
  virtual Result<MoveId> move(const JobId& job, const Location& target) = 0;
  // Calls `read` with the newest committed state; do not block in it. unavailable: the loop has ended.
  virtual Status view(const std::function<void(const ClusterState&)>& read) = 0;
  virtual Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) = 0;
  // Waits until the version is greater than `version` or `patience` has passed; returns the version then.
  virtual Result<std::uint64_t> wait_for_change(std::uint64_t version, Duration patience) = 0;
  // The job's meeting point, for logs, ledger and checkpoints. not_found: no such job or store.
  virtual Result<mailbox::Mailbox> mailbox_of(const JobId& job) = 0;
  virtual Result<checkpoint::ChunkPlace> chunks_of(const JobId& job) = 0;
};

}  // namespace tradewind::broker
