// The control plane's own state: jobs, leases and moves as plain records, and the events that change them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "core/model/agent_status.h"
#include "core/model/instance.h"
#include "core/model/job.h"
#include "core/model/ledger_record.h"

namespace tradewind {

// waiting: its policy gave its place back, and waits for a better one.
enum class JobState {
  queued,
  starting,
  running,
  recovering,
  waiting,
  stopping,
  succeeded,
  failed,
  cancelled
};
std::string_view to_text(JobState state);
bool is_final(JobState state);

// The newest checkpoint that the ledger holds.
struct SavedPoint {
  std::uint64_t number = 0;  // of its ledger record
  std::uint64_t epoch = 0;
  ManifestId manifest;
  double step = 0;
  Time at;
  bool operator==(const SavedPoint&) const = default;
};

struct JobRecord {
  JobId id;
  JobSpec spec;
  JobState state = JobState::queued;
  Time submitted_at;
  std::optional<Time> started_at;  // the program first ran
  std::optional<Time> ended_at;
  std::optional<Time> deadline;
  std::string home;                 // the store that holds ledger and mailbox, by name
  std::vector<LeaseId> leases;      // in the order they were intended
  std::optional<MoveId> move;       // the move under way
  int failures = 0;                 // runs that the program itself ended with an error
  std::uint64_t ledger_number = 0;  // last record seen
  std::uint64_t epoch = 0;          // last claim seen
  std::optional<SavedPoint> saved;
  double step = 0;
  double total_steps = 0;
  std::map<std::string, double> metrics;
  bool cancel_requested = false;
  std::optional<int> exit_code;
  std::string reason;  // why it is where it is, one sentence
  bool operator==(const JobRecord&) const = default;
};

// intended → launched → active → releasing → ended. docs/decisions holds no copy of this: lifecycle/lease.h
// has the table.
enum class LeaseState { intended, launched, active, releasing, ended };
enum class LeaseRole { primary, target };  // a target waits for its move's `start`
// paused: the job's policy gave it back.
enum class LeaseEnd {
  none,
  finished,
  failed,
  preempted,
  lost,
  moved,
  cancelled,
  launch_failed,
  surplus,
  paused
};
std::string_view to_text(LeaseState state);
std::string_view to_text(LeaseRole role);
std::string_view to_text(LeaseEnd end);

struct LeaseRecord {
  LeaseId id;  // also the token of its one launch attempt
  JobId job;
  int attempt = 0;  // 1, 2, 3 … within the job
  LeaseRole role = LeaseRole::primary;
  LeaseState state = LeaseState::intended;
  Offer offer;
  Time intended_at;
  std::optional<InstanceRef> instance;
  std::optional<Time> launched_at;  // the supplier bills from here; of an offer with a queue, it is submitted
  std::optional<Time> started_at;   // it left its queue, as the supplier says: billed from here
  std::optional<Time> ended_at;     // and until here
  std::optional<Time> released_at;  // when we asked for its end
  LeaseEnd end = LeaseEnd::none;    // known from the moment it is releasing
  std::string reason;               // of its end; before, what it waits for or what went wrong
  std::optional<Code> refusal;      // of a launch that failed: what the supplier said
  bool pinned = false;              // a user moved the job here: it stays until it is lost
  std::optional<AgentStatus> status;      // newest seen
  std::optional<Time> status_changed_at;  // broker's clock, when its status or the ledger last grew
  std::optional<Time> first_heard_at;     // broker's clock: until then it stood in a queue, and booted
  std::optional<Time> unseen_since;       // stale without evidence of loss: shown, alerted, left alone
  int missed_lists = 0;                   // complete lists in a row that did not show the instance
  std::optional<Time> hard_limit;         // the instance ends itself then, unless the limit is extended
  std::uint64_t orders = 0;               // orders decided so far
  std::optional<Order> pending_order;     // the newest one, until its write is confirmed
  std::optional<Time> stop_ordered_at;
  double first_step = 0;  // where its program began
  double last_step = 0;   // where it had got to when last seen
  bool operator==(const LeaseRecord&) const = default;
};

enum class MoveState { preparing, saving, resuming, done, failed };
std::string_view to_text(MoveState state);

struct MoveRecord {
  MoveId id;
  JobId job;
  LeaseId from;
  LeaseId to;
  Location target;
  bool by_policy = false;  // false: a user asked for it
  // The source stands in a queue: it keeps its place until the target is ready, and wins where it starts
  // first.
  bool from_queue = false;
  MoveState state = MoveState::preparing;
  Time requested_at;
  std::optional<Time> stopped_at;  // the source's program ended
  std::optional<Time> resumed_at;  // the target's program started
  std::optional<Time> ended_at;
  double step_saved = 0;
  double step_resumed = 0;
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::string digest_saved;
  std::string digest_restored;
  std::string reason;
  bool operator==(const MoveRecord&) const = default;
};

using Record = std::variant<JobRecord, LeaseRecord, MoveRecord>;

// One committed change: what happened, and the whole record after it.
struct Event {
  Time at;
  std::string kind;    // "job.submitted", "lease.intended", "lease.ended", "move.done" …
  std::string detail;  // one sentence for people
  Record after;
};
std::string subject_of(const Event& event);  // the record's id

// All that decisions read. Value of one version; changed only by events.
struct ClusterState {
  std::uint64_t version = 0;  // number of commits
  OwnerId owner;
  std::map<JobId, JobRecord> jobs;
  std::map<LeaseId, LeaseRecord> leases;
  std::map<MoveId, MoveRecord> moves;
  bool operator==(const ClusterState&) const = default;
};
// Puts the event's record in place of the one with the same id. Does not touch `version`.
void apply(ClusterState& state, const Event& event);

json::value to_json(const JobRecord& job);
json::value to_json(const LeaseRecord& lease);
json::value to_json(const MoveRecord& move);
Result<JobRecord> job_record_from_json(const json::value& value, const std::string& path);
Result<LeaseRecord> lease_record_from_json(const json::value& value, const std::string& path);
Result<MoveRecord> move_record_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
