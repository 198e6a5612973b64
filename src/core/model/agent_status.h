// What agent and broker tell each other through the mailbox: the status the agent overwrites, the orders it
// reads. Format: docs/formats/mailbox.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind {

enum class AgentPhase {
  booting,    // started, nothing claimed
  standby,    // prefetching; waits for `start` (the target of a move)
  restoring,  // has claimed its epoch
  setup,
  running,
  saving,    // the program runs on; a checkpoint is being captured
  stopping,  // the program was told to end
  stopped,   // saved as far as it could and ended, on order or on notice; the job is not finished
  finished,  // the job's finish record is in the ledger
  fenced,    // a newer epoch owns the job
  broken,    // the agent itself cannot go on: message says why
};
std::string_view to_text(AgentPhase phase);
bool is_final(AgentPhase phase);  // stopped, finished, fenced, broken

struct PreemptionNotice {
  Time seen_at;
  Time deadline;
  std::string reason;
  bool operator==(const PreemptionNotice&) const = default;
};

struct AgentStatus {
  static constexpr int version = 1;
  LeaseId lease;
  JobId job;
  std::uint64_t sequence = 0;  // grows with each write
  Time agent_time;
  AgentPhase phase = AgentPhase::booting;
  std::uint64_t epoch = 0;  // 0: not claimed
  double step = 0;          // last that the program reported
  double total_steps = 0;   // 0: unknown
  double rate_per_s = 0;    // steps a second, smoothed
  std::map<std::string, double> metrics;
  double saved_step = 0;        // of the newest committed checkpoint
  double resumed_step = 0;      // that this lease started from
  std::string saved_digest;     // root digest of the newest checkpoint this lease committed
  std::string restored_digest;  // root digest recomputed from the restored files; empty: started fresh
  std::optional<Time> program_started_at;
  std::optional<Time> program_stopped_at;
  std::optional<PreemptionNotice> notice;
  std::optional<int> exit_code;
  std::string message;
  std::uint64_t bytes_moved = 0;   // read from the job's store into this place
  std::uint64_t bytes_reused = 0;  // of the restored state that already lay in this place
  std::uint64_t bytes_saved = 0;   // written to the job's store
  double save_cost_s = 0;          // last capture, start to commit
  std::uint64_t orders_done = 0;   // number of the last order carried out
  std::uint64_t log_segments = 0;
  std::uint64_t progress_segments = 0;
  double cpu_s = 0;  // of the program and its children so far
  std::uint64_t resident_bytes = 0;
  bool operator==(const AgentStatus&) const = default;
};
json::value to_json(const AgentStatus& status);
Result<AgentStatus> agent_status_from_json(const json::value& value, const std::string& path);

enum class OrderKind {
  start,   // a standby target may claim and run
  save,    // make a checkpoint now
  stop,    // save, end the program, end the agent; `reason` goes into the status
  extend,  // a later hard limit: `until`
};
struct Order {
  static constexpr int version = 1;
  std::uint64_t number = 0;  // 1, 2, 3 … per lease
  OrderKind kind = OrderKind::save;
  Time issued_at;
  std::string reason = {};
  std::optional<Time> until = std::nullopt;
  bool discard = false;  // of a stop: do not save (the job was cancelled)
  bool operator==(const Order&) const = default;
};
std::string_view to_text(OrderKind kind);
json::value to_json(const Order& order);
Result<Order> order_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
