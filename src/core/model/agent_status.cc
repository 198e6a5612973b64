#include "core/model/agent_status.h"

#include "core/model/enum_text.h"

namespace tradewind {
namespace {

constexpr std::array<std::string_view, 11> phase_names = {"booting",  "standby", "restoring", "setup",
                                                          "running",  "saving",  "stopping",  "stopped",
                                                          "finished", "fenced",  "broken"};
constexpr std::array<std::string_view, 4> order_names = {"start", "save", "stop", "extend"};

std::uint64_t count(JsonReader& reader, std::string_view key) {
  const std::int64_t value = reader.integer_or(key, 0);
  if (value < 0) reader.fail(key, "is negative");
  return static_cast<std::uint64_t>(value);
}

void check_version(JsonReader& reader, int expected) {
  if (reader.integer("version") != expected) reader.fail("version", "is not one that this program reads");
}

json::value notice_to_json(const std::optional<PreemptionNotice>& notice) {
  if (!notice) return nullptr;
  return json::object{{"seen_at", to_json(notice->seen_at)},
                      {"deadline", to_json(notice->deadline)},
                      {"reason", notice->reason}};
}

std::optional<PreemptionNotice> read_notice(JsonReader& reader) {
  const json::value* value = reader.optional("notice");
  if (value == nullptr) return std::nullopt;
  JsonReader inner(*value, reader.path_of("notice"));
  const PreemptionNotice notice{inner.time("seen_at"), inner.time("deadline"), inner.text_or("reason", "")};
  reader.merge(inner.status());
  return notice;
}

}  // namespace

std::string_view to_text(AgentPhase phase) {
  return enum_name(phase_names, phase);
}
std::string_view to_text(OrderKind kind) {
  return enum_name(order_names, kind);
}

bool is_final(AgentPhase phase) {
  return phase == AgentPhase::stopped || phase == AgentPhase::finished || phase == AgentPhase::fenced ||
         phase == AgentPhase::broken;
}

json::value to_json(const AgentStatus& status) {
  return json::object{{"version", AgentStatus::version},
                      {"lease", status.lease.text()},
                      {"job", status.job.text()},
                      {"sequence", status.sequence},
                      {"agent_time", to_json(status.agent_time)},
                      {"phase", to_text(status.phase)},
                      {"epoch", status.epoch},
                      {"step", status.step},
                      {"total_steps", status.total_steps},
                      {"rate_per_s", status.rate_per_s},
                      {"metrics", to_json(status.metrics)},
                      {"saved_step", status.saved_step},
                      {"resumed_step", status.resumed_step},
                      {"saved_digest", status.saved_digest},
                      {"restored_digest", status.restored_digest},
                      {"program_started_at", to_json(status.program_started_at)},
                      {"program_stopped_at", to_json(status.program_stopped_at)},
                      {"notice", notice_to_json(status.notice)},
                      {"exit_code", status.exit_code ? json::value(*status.exit_code) : json::value(nullptr)},
                      {"message", status.message},
                      {"bytes_moved", status.bytes_moved},
                      {"bytes_reused", status.bytes_reused},
                      {"bytes_saved", status.bytes_saved},
                      {"save_cost_s", status.save_cost_s},
                      {"orders_done", status.orders_done},
                      {"log_segments", status.log_segments},
                      {"progress_segments", status.progress_segments},
                      {"cpu_s", status.cpu_s},
                      {"resident_bytes", status.resident_bytes}};
}

Result<AgentStatus> agent_status_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  check_version(reader, AgentStatus::version);
  AgentStatus status;
  status.lease = LeaseId(reader.text("lease"));
  status.job = JobId(reader.text("job"));
  status.sequence = count(reader, "sequence");
  status.agent_time = reader.time("agent_time");
  const auto phase = enum_value<AgentPhase>(phase_names, reader.text("phase"));
  if (!phase) reader.fail("phase", "is not a phase of an agent");
  status.phase = phase.value_or(AgentPhase::broken);
  status.epoch = count(reader, "epoch");
  status.step = reader.number_or("step", 0);
  status.total_steps = reader.number_or("total_steps", 0);
  status.rate_per_s = reader.number_or("rate_per_s", 0);
  status.metrics = reader.numbers_or_empty("metrics");
  status.saved_step = reader.number_or("saved_step", 0);
  status.resumed_step = reader.number_or("resumed_step", 0);
  status.saved_digest = reader.text_or("saved_digest", "");
  status.restored_digest = reader.text_or("restored_digest", "");
  status.program_started_at = reader.optional_time("program_started_at");
  status.program_stopped_at = reader.optional_time("program_stopped_at");
  status.notice = read_notice(reader);
  if (reader.has("exit_code")) status.exit_code = static_cast<int>(reader.integer("exit_code"));
  status.message = reader.text_or("message", "");
  status.bytes_moved = count(reader, "bytes_moved");
  status.bytes_reused = count(reader, "bytes_reused");
  status.bytes_saved = count(reader, "bytes_saved");
  status.save_cost_s = reader.number_or("save_cost_s", 0);
  status.orders_done = count(reader, "orders_done");
  status.log_segments = count(reader, "log_segments");
  status.progress_segments = count(reader, "progress_segments");
  status.cpu_s = reader.number_or("cpu_s", 0);
  status.resident_bytes = count(reader, "resident_bytes");
  TW_RETURN_IF_ERROR(reader.status());
  return status;
}

json::value to_json(const Order& order) {
  return json::object{{"version", Order::version},   {"number", order.number},
                      {"kind", to_text(order.kind)}, {"issued_at", to_json(order.issued_at)},
                      {"reason", order.reason},      {"until", to_json(order.until)},
                      {"discard", order.discard}};
}

Result<Order> order_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  check_version(reader, Order::version);
  Order order;
  order.number = count(reader, "number");
  const auto kind = enum_value<OrderKind>(order_names, reader.text("kind"));
  if (!kind) reader.fail("kind", "is not start, save, stop or extend");
  order.kind = kind.value_or(OrderKind::save);
  order.issued_at = reader.time("issued_at");
  order.reason = reader.text_or("reason", "");
  order.until = reader.optional_time("until");
  order.discard = reader.boolean_or("discard", false);
  TW_RETURN_IF_ERROR(reader.status());
  return order;
}

}  // namespace tradewind
