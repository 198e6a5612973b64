#include "app/api/move_view.h"

#include "app/api/json_text.h"

namespace tradewind::api {

json::value to_json(const MoveView& move) {
  return json::object{{"id", move.id.text()},
                      {"job", move.job.text()},
                      {"state", move.state},
                      {"from", move.from},
                      {"to", move.to},
                      {"downtime_s", tradewind::to_json(move.downtime)},
                      {"bytes_moved", move.bytes_moved},
                      {"bytes_reused", move.bytes_reused},
                      {"step_saved", number_to_json(move.step_saved)},
                      {"step_resumed", number_to_json(move.step_resumed)},
                      {"digest_equal", move.digest_equal},
                      {"digest_saved", text_or_null(move.digest_saved)},
                      {"digest_restored", text_or_null(move.digest_restored)},
                      {"requested_at", tradewind::to_json(move.requested_at)},
                      {"stopped_at", tradewind::to_json(move.stopped_at)},
                      {"resumed_at", tradewind::to_json(move.resumed_at)},
                      {"ended_at", tradewind::to_json(move.ended_at)},
                      {"reason", text_or_null(move.reason)}};
}

Result<MoveView> move_view_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  MoveView move;
  move.id = reader.id<MoveTag>("id");
  move.job = reader.id<JobTag>("job");
  move.state = reader.text("state");
  move.from = reader.text("from");
  move.to = reader.text("to");
  move.downtime = reader.optional_seconds("downtime_s");
  move.bytes_moved = read_count(reader, "bytes_moved");
  move.bytes_reused = read_count(reader, "bytes_reused");
  move.step_saved = reader.number("step_saved");
  move.step_resumed = reader.number("step_resumed");
  move.digest_equal = reader.boolean("digest_equal");
  move.digest_saved = reader.text_or("digest_saved", "");
  move.digest_restored = reader.text_or("digest_restored", "");
  move.requested_at = reader.time("requested_at");
  move.stopped_at = reader.optional_time("stopped_at");
  move.resumed_at = reader.optional_time("resumed_at");
  move.ended_at = reader.optional_time("ended_at");
  move.reason = reader.text_or("reason", "");
  TW_RETURN_IF_ERROR(reader.status());
  return move;
}

}  // namespace tradewind::api
