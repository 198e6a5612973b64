#include "app/api/lease_view.h"

#include "app/api/json_text.h"

namespace tradewind::api {

json::value to_json(const LeaseView& lease) {
  return json::object{{"id", lease.id.text()},
                      {"attempt", lease.attempt},
                      {"role", lease.role},
                      {"state", lease.state},
                      {"location", lease.location},
                      {"instance_type", lease.instance_type},
                      {"purchase", lease.purchase},
                      {"price_per_hour", tradewind::to_json(lease.price_per_hour)},
                      {"instance", text_or_null(lease.instance)},
                      {"launched_at", tradewind::to_json(lease.launched_at)},
                      {"ended_at", tradewind::to_json(lease.ended_at)},
                      {"duration_s", tradewind::to_json(lease.duration)},
                      {"cost", tradewind::to_json(lease.cost)},
                      {"end", text_or_null(lease.end)},
                      {"reason", text_or_null(lease.reason)},
                      {"phase", text_or_null(lease.phase)},
                      {"epoch", lease.epoch},
                      {"first_step", number_to_json(lease.first_step)},
                      {"last_step", number_to_json(lease.last_step)},
                      {"saved_step", number_to_json(lease.saved_step)},
                      {"saved_digest", text_or_null(lease.saved_digest)},
                      {"restored_digest", text_or_null(lease.restored_digest)},
                      {"bytes_moved", lease.bytes_moved},
                      {"bytes_reused", lease.bytes_reused},
                      {"bytes_saved", lease.bytes_saved},
                      {"program_started_at", tradewind::to_json(lease.program_started_at)},
                      {"program_stopped_at", tradewind::to_json(lease.program_stopped_at)},
                      {"unseen_since", tradewind::to_json(lease.unseen_since)},
                      {"notice_deadline", tradewind::to_json(lease.notice_deadline)}};
}

Result<LeaseView> lease_view_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  LeaseView lease;
  lease.id = reader.id<LeaseTag>("id");
  lease.attempt = static_cast<int>(reader.integer("attempt"));
  lease.role = reader.text("role");
  lease.state = reader.text("state");
  lease.location = reader.text("location");
  lease.instance_type = reader.text("instance_type");
  lease.purchase = reader.text("purchase");
  lease.price_per_hour = reader.money("price_per_hour");
  lease.instance = reader.text_or("instance", "");
  lease.launched_at = reader.optional_time("launched_at");
  lease.ended_at = reader.optional_time("ended_at");
  lease.duration = reader.seconds("duration_s");
  lease.cost = reader.money("cost");
  lease.end = reader.text_or("end", "");
  lease.reason = reader.text_or("reason", "");
  lease.phase = reader.text_or("phase", "");
  lease.epoch = read_count(reader, "epoch");
  lease.first_step = reader.number_or("first_step", 0);
  lease.last_step = reader.number_or("last_step", 0);
  lease.saved_step = reader.number_or("saved_step", 0);
  lease.saved_digest = reader.text_or("saved_digest", "");
  lease.restored_digest = reader.text_or("restored_digest", "");
  lease.bytes_moved = read_count(reader, "bytes_moved");
  lease.bytes_reused = read_count(reader, "bytes_reused");
  lease.bytes_saved = read_count(reader, "bytes_saved");
  lease.program_started_at = reader.optional_time("program_started_at");
  lease.program_stopped_at = reader.optional_time("program_stopped_at");
  lease.unseen_since = reader.optional_time("unseen_since");
  lease.notice_deadline = reader.optional_time("notice_deadline");
  TW_RETURN_IF_ERROR(reader.status());
  return lease;
}

}  // namespace tradewind::api
