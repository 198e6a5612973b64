#include "core/model/records.h"

#include "core/model/enum_text.h"

namespace tradewind {
namespace {

constexpr std::array<std::string_view, 9> job_names = {
    "queued", "starting", "running", "recovering", "waiting", "stopping", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 5> lease_names = {"intended", "launched", "active", "releasing",
                                                         "ended"};
constexpr std::array<std::string_view, 2> role_names = {"primary", "target"};
constexpr std::array<std::string_view, 10> end_names = {"none",    "finished", "failed",    "preempted",
                                                        "lost",    "moved",    "cancelled", "launch_failed",
                                                        "surplus", "paused"};
constexpr std::array<std::string_view, 5> move_names = {"preparing", "saving", "resuming", "done", "failed"};

template <class Enum, std::size_t n>
Enum read_enum(JsonReader& reader, std::string_view key, const std::array<std::string_view, n>& names) {
  const std::string text = reader.text(key);
  const std::optional<Enum> value = enum_value<Enum>(names, text);
  if (!value) reader.fail(key, "has the unknown value '" + text + "'");
  return value.value_or(Enum{});
}

std::uint64_t read_count(JsonReader& reader, std::string_view key) {
  const std::int64_t value = reader.integer_or(key, 0);
  if (value < 0) reader.fail(key, "is negative");
  return static_cast<std::uint64_t>(value);
}

template <class T, class F>
T read_nested(JsonReader& reader, std::string_view key, F&& read) {
  Result<T> nested = read(reader.value(key), reader.path_of(key));
  if (!nested.ok()) {
    reader.merge(Status(nested.error()));
    return T{};
  }
  return *std::move(nested);
}

template <class T, class F>
std::optional<T> read_optional(JsonReader& reader, std::string_view key, F&& read) {
  if (!reader.has(key)) return std::nullopt;
  return read_nested<T>(reader, key, read);
}

json::value saved_to_json(const std::optional<SavedPoint>& saved) {
  if (!saved) return nullptr;
  return json::object{{"number", saved->number},
                      {"epoch", saved->epoch},
                      {"manifest", saved->manifest.text()},
                      {"step", saved->step},
                      {"at", to_json(saved->at)}};
}

Result<SavedPoint> saved_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  SavedPoint saved;
  saved.number = read_count(reader, "number");
  saved.epoch = read_count(reader, "epoch");
  saved.manifest = ManifestId(reader.text("manifest"));
  saved.step = reader.number("step");
  saved.at = reader.time("at");
  TW_RETURN_IF_ERROR(reader.status());
  return saved;
}

}  // namespace

std::string_view to_text(JobState state) {
  return enum_name(job_names, state);
}
std::string_view to_text(LeaseState state) {
  return enum_name(lease_names, state);
}
std::string_view to_text(LeaseRole role) {
  return enum_name(role_names, role);
}
std::string_view to_text(LeaseEnd end) {
  return enum_name(end_names, end);
}
std::string_view to_text(MoveState state) {
  return enum_name(move_names, state);
}

bool is_final(JobState state) {
  return state == JobState::succeeded || state == JobState::failed || state == JobState::cancelled;
}

std::string subject_of(const Event& event) {
  return std::visit([](const auto& record) { return record.id.text(); }, event.after);
}

void apply(ClusterState& state, const Event& event) {
  if (const auto* job = std::get_if<JobRecord>(&event.after)) state.jobs.insert_or_assign(job->id, *job);
  if (const auto* lease = std::get_if<LeaseRecord>(&event.after))
    state.leases.insert_or_assign(lease->id, *lease);
  if (const auto* move = std::get_if<MoveRecord>(&event.after)) state.moves.insert_or_assign(move->id, *move);
}

json::value to_json(const JobRecord& job) {
  json::array leases;
  for (const LeaseId& lease : job.leases) leases.emplace_back(lease.text());
  return json::object{{"id", job.id.text()},
                      {"spec", to_json(job.spec)},
                      {"state", to_text(job.state)},
                      {"submitted_at", to_json(job.submitted_at)},
                      {"started_at", to_json(job.started_at)},
                      {"ended_at", to_json(job.ended_at)},
                      {"deadline", to_json(job.deadline)},
                      {"home", job.home},
                      {"leases", leases},
                      {"move", job.move ? json::value(job.move->text()) : json::value(nullptr)},
                      {"failures", job.failures},
                      {"ledger_number", job.ledger_number},
                      {"epoch", job.epoch},
                      {"saved", saved_to_json(job.saved)},
                      {"step", job.step},
                      {"total_steps", job.total_steps},
                      {"metrics", to_json(job.metrics)},
                      {"cancel_requested", job.cancel_requested},
                      {"exit_code", job.exit_code ? json::value(*job.exit_code) : json::value(nullptr)},
                      {"reason", job.reason}};
}

Result<JobRecord> job_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  JobRecord job;
  job.id = JobId(reader.text("id"));
  job.spec = read_nested<JobSpec>(reader, "spec", job_spec_from_json);
  job.state = read_enum<JobState>(reader, "state", job_names);
  job.submitted_at = reader.time("submitted_at");
  job.started_at = reader.optional_time("started_at");
  job.ended_at = reader.optional_time("ended_at");
  job.deadline = reader.optional_time("deadline");
  job.home = reader.text_or("home", "");
  for (const std::string& lease : reader.texts_or_empty("leases")) job.leases.emplace_back(lease);
  if (reader.has("move")) job.move = MoveId(reader.text("move"));
  job.failures = static_cast<int>(reader.integer_or("failures", 0));
  job.ledger_number = read_count(reader, "ledger_number");
  job.epoch = read_count(reader, "epoch");
  job.saved = read_optional<SavedPoint>(reader, "saved", saved_from_json);
  job.step = reader.number_or("step", 0);
  job.total_steps = reader.number_or("total_steps", 0);
  job.metrics = reader.numbers_or_empty("metrics");
  job.cancel_requested = reader.boolean_or("cancel_requested", false);
  if (reader.has("exit_code")) job.exit_code = static_cast<int>(reader.integer("exit_code"));
  job.reason = reader.text_or("reason", "");
  TW_RETURN_IF_ERROR(reader.status());
  return job;
}

json::value to_json(const LeaseRecord& lease) {
  return json::object{
      {"id", lease.id.text()},
      {"job", lease.job.text()},
      {"attempt", lease.attempt},
      {"role", to_text(lease.role)},
      {"state", to_text(lease.state)},
      {"offer", to_json(lease.offer)},
      {"intended_at", to_json(lease.intended_at)},
      {"instance", to_json(lease.instance)},
      {"launched_at", to_json(lease.launched_at)},
      {"ended_at", to_json(lease.ended_at)},
      {"released_at", to_json(lease.released_at)},
      {"end", to_text(lease.end)},
      {"reason", lease.reason},
      {"refusal", lease.refusal ? json::value(to_text(*lease.refusal)) : json::value(nullptr)},
      {"pinned", lease.pinned},
      {"status", to_json(lease.status)},
      {"status_changed_at", to_json(lease.status_changed_at)},
      {"first_heard_at", to_json(lease.first_heard_at)},
      {"started_at", to_json(lease.started_at)},
      {"unseen_since", to_json(lease.unseen_since)},
      {"missed_lists", lease.missed_lists},
      {"hard_limit", to_json(lease.hard_limit)},
      {"orders", lease.orders},
      {"pending_order", to_json(lease.pending_order)},
      {"stop_ordered_at", to_json(lease.stop_ordered_at)},
      {"first_step", lease.first_step},
      {"last_step", lease.last_step}};
}

Result<LeaseRecord> lease_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  LeaseRecord lease;
  lease.id = LeaseId(reader.text("id"));
  lease.job = JobId(reader.text("job"));
  lease.attempt = static_cast<int>(reader.integer("attempt"));
  lease.role = read_enum<LeaseRole>(reader, "role", role_names);
  lease.state = read_enum<LeaseState>(reader, "state", lease_names);
  lease.offer = read_nested<Offer>(reader, "offer", offer_from_json);
  lease.intended_at = reader.time("intended_at");
  lease.instance = read_optional<InstanceRef>(reader, "instance", instance_ref_from_json);
  lease.launched_at = reader.optional_time("launched_at");
  lease.ended_at = reader.optional_time("ended_at");
  lease.released_at = reader.optional_time("released_at");
  lease.end = read_enum<LeaseEnd>(reader, "end", end_names);
  lease.reason = reader.text_or("reason", "");
  if (reader.has("refusal")) lease.refusal = code_from_text(reader.text("refusal"));
  lease.pinned = reader.boolean_or("pinned", false);
  lease.status = read_optional<AgentStatus>(reader, "status", agent_status_from_json);
  lease.status_changed_at = reader.optional_time("status_changed_at");
  lease.first_heard_at = reader.optional_time("first_heard_at");
  lease.started_at = reader.optional_time("started_at");
  lease.unseen_since = reader.optional_time("unseen_since");
  lease.missed_lists = static_cast<int>(reader.integer_or("missed_lists", 0));
  lease.hard_limit = reader.optional_time("hard_limit");
  lease.orders = read_count(reader, "orders");
  lease.pending_order = read_optional<Order>(reader, "pending_order", order_from_json);
  lease.stop_ordered_at = reader.optional_time("stop_ordered_at");
  lease.first_step = reader.number_or("first_step", 0);
  lease.last_step = reader.number_or("last_step", 0);
  TW_RETURN_IF_ERROR(reader.status());
  return lease;
}

json::value to_json(const MoveRecord& move) {
  return json::object{{"id", move.id.text()},
                      {"job", move.job.text()},
                      {"from", move.from.text()},
                      {"to", move.to.text()},
                      {"target", to_text(move.target)},
                      {"by_policy", move.by_policy},
                      {"from_queue", move.from_queue},
                      {"state", to_text(move.state)},
                      {"requested_at", to_json(move.requested_at)},
                      {"stopped_at", to_json(move.stopped_at)},
                      {"resumed_at", to_json(move.resumed_at)},
                      {"ended_at", to_json(move.ended_at)},
                      {"step_saved", move.step_saved},
                      {"step_resumed", move.step_resumed},
                      {"bytes_moved", move.bytes_moved},
                      {"bytes_reused", move.bytes_reused},
                      {"digest_saved", move.digest_saved},
                      {"digest_restored", move.digest_restored},
                      {"reason", move.reason}};
}

Result<MoveRecord> move_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  MoveRecord move;
  move.id = MoveId(reader.text("id"));
  move.job = JobId(reader.text("job"));
  move.from = LeaseId(reader.text("from"));
  move.to = LeaseId(reader.text_or("to", ""));
  const std::string target = reader.text("target");
  move.by_policy = reader.boolean_or("by_policy", false);
  move.from_queue = reader.boolean_or("from_queue", false);
  move.state = read_enum<MoveState>(reader, "state", move_names);
  move.requested_at = reader.time("requested_at");
  move.stopped_at = reader.optional_time("stopped_at");
  move.resumed_at = reader.optional_time("resumed_at");
  move.ended_at = reader.optional_time("ended_at");
  move.step_saved = reader.number_or("step_saved", 0);
  move.step_resumed = reader.number_or("step_resumed", 0);
  move.bytes_moved = read_count(reader, "bytes_moved");
  move.bytes_reused = read_count(reader, "bytes_reused");
  move.digest_saved = reader.text_or("digest_saved", "");
  move.digest_restored = reader.text_or("digest_restored", "");
  move.reason = reader.text_or("reason", "");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(move.target, parse_location(target));
  return move;
}

}  // namespace tradewind
