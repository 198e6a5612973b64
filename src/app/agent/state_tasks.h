// What the state thread does: everything that reads or writes the ledger, checkpoints and outputs. One task
// at a time, blocking; the answer is an event for the logic.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/agent_event.h"
#include "app/agent/job_data.h"
#include "app/agent/output_copies.h"
#include "app/agent/saving_pace.h"
#include "app/agent/workspace.h"
#include "base/clock.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/folder_view.h"
#include "edge/checkpoint/ledger.h"
#include "edge/mailbox/mailbox.h"

namespace tradewind::agent {

struct StateParts {
  const Clock* clock = nullptr;              // never null
  objectstore::ObjectStore* home = nullptr;  // never null
  objectstore::ObjectStore* local = nullptr;
  std::vector<objectstore::ObjectStore*> standby = {};
  OwnerId owner;
  JobId job;
  LeaseId lease;
  std::filesystem::path scratch;
  bool packed = false;      // the task's own files lie in `home`
  JobData* data = nullptr;  // never null
  io::HelperProcesses* helpers = nullptr;
  std::uint64_t seed = 0;  // makes this writer's nonces its own
  // Called before a record goes into the ledger that makes steps count: whoever reads it must find their
  // lines too.
  std::function<void()> before_record = [] {};
};

// Not thread-safe but for cancel() and hold_pace().
class StateTasks {
 public:
  // REQUIRES: everything that `parts` points to outlives this.
  explicit StateTasks(StateParts parts);

  // `announced`: the checkpoint folder as it lay when the newest "saved" line was read; for a Capture.
  Event run(const Task& task, const std::optional<checkpoint::FolderView>& announced);
  // Ends a transfer that is under way soon: of a prefetch, or of data.
  void cancel() { cancelled_ = true; }
  // Whether a capture keeps to what the task says of the network.
  void hold_pace(bool holds) { pace_.hold(holds); }

 private:
  Result<Event> perform(const ReadSpec&);
  Result<Event> perform(const Prefetch&);
  Result<Event> perform(const Claim&);
  Result<Event> perform(const BringData&);
  Result<Event> perform(const Restore&);
  Result<Event> perform(const CheckFence&);
  Result<Event> perform(const Capture& task);
  Result<Event> perform(const Prune&);
  Result<Event> perform(const KeepOutputs& task);
  Result<Event> perform(const Finish& task);

  struct Choice {
    checkpoint::FolderView view;
    double step = 0;
    bool must_hold_still = false;  // nobody vouched for it: it must be the same after it was read
  };
  Result<std::optional<Choice>> choose(const Capture& task) const;
  Result<Event> commit(const Choice& choice, const checkpoint::Saved& saved, Duration began);

  StateParts parts_;
  mailbox::Mailbox mailbox_;
  checkpoint::ChunkPlace place_;
  SavingPace pace_;
  checkpoint::LedgerWriter writer_;
  JobSpec spec_;
  Workspace workspace_;
  std::atomic<bool> cancelled_{false};
  const std::optional<checkpoint::FolderView>* announced_ = nullptr;  // of the task under way
  std::optional<ManifestId> prefetched_;
  bool data_prefetched_ = false;
  OutputCopies output_copies_;
  std::optional<checkpoint::FolderView> captured_view_;
  std::string newest_digest_;  // of the newest checkpoint that this agent restored or committed
  std::optional<double> newest_step_;
};

}  // namespace tradewind::agent
