#include "app/api/checkpoint_list.h"

#include "app/api/json_list.h"
#include "app/api/json_text.h"

namespace tradewind::api {
namespace {

json::value view_to_json(const CheckpointView& view) {
  return json::object{{"number", view.number},
                      {"epoch", view.epoch},
                      {"lease", view.lease.text()},
                      {"step", number_to_json(view.step)},
                      {"at", tradewind::to_json(view.at)},
                      {"manifest", view.manifest.text()},
                      {"kept", view.kept},
                      {"bytes", view.bytes},
                      {"files", view.files},
                      {"root_digest", text_or_null(view.root_digest)},
                      {"metrics", tradewind::to_json(view.metrics)}};
}

Result<CheckpointView> view_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  CheckpointView view;
  view.number = read_count(reader, "number");
  view.epoch = read_count(reader, "epoch");
  view.lease = reader.id<LeaseTag>("lease");
  view.step = reader.number("step");
  view.at = reader.time("at");
  view.manifest = reader.id<ManifestTag>("manifest");
  view.kept = reader.boolean("kept");
  view.bytes = read_count(reader, "bytes");
  view.files = read_count(reader, "files");
  view.root_digest = reader.text_or("root_digest", "");
  view.metrics = reader.numbers_or_empty("metrics");
  TW_RETURN_IF_ERROR(reader.status());
  return view;
}

}  // namespace

Result<CheckpointView> checkpoint_view(const LedgerRecord& record, const Result<Manifest>& manifest) {
  CheckpointView view{record.number, record.epoch, record.lease, record.step, record.at, record.manifest};
  if (manifest.ok()) {
    view.bytes = total_bytes(*manifest);
    view.files = manifest->files.size();
    view.root_digest = manifest->root_digest;
    view.metrics = manifest->metrics;
  } else if (manifest.error().code == Code::not_found) {
    view.kept = false;
  } else if (manifest.error().code != Code::corrupt) {
    return manifest.error();
  }
  return view;
}

json::value to_json(const RecoveryPoint& view) {
  return json::object{{"store", view.store_url},
                      {"step", view.step ? json::value(number_to_json(*view.step)) : json::value()},
                      {"at", view.at ? tradewind::to_json(*view.at) : json::value()},
                      {"manifest", text_or_null(view.manifest.text())},
                      {"problem", text_or_null(view.problem)}};
}

Result<RecoveryPoint> recovery_point_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  RecoveryPoint view;
  view.store_url = reader.text("store");
  if (reader.has("step")) view.step = reader.number("step");
  view.at = reader.optional_time("at");
  view.manifest = ManifestId(reader.text_or("manifest", ""));
  view.problem = reader.text_or("problem", "");
  TW_RETURN_IF_ERROR(reader.status());
  return view;
}

json::value to_json(const CheckpointList& list) {
  json::array checkpoints;
  for (const CheckpointView& view : list.checkpoints) checkpoints.emplace_back(view_to_json(view));
  return json::object{{"checkpoints", std::move(checkpoints)},
                      {"store", json::object{{"url", list.store_url},
                                             {"prefix", list.prefix},
                                             {"encrypted", list.encrypted},
                                             {"copies", tradewind::to_json(list.copies)}}}};
}

json::value to_json(const VerifyResult& result) {
  return json::object{{"verified", result.verified()},
                      {"manifests", result.manifests},
                      {"chunks", result.chunks},
                      {"bytes", result.bytes},
                      {"problems", tradewind::to_json(result.problems)},
                      {"proof", to_json(result.proof)}};
}

Result<CheckpointList> checkpoint_list_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  CheckpointList list;
  list.checkpoints = read_list<CheckpointView>(reader, "checkpoints", view_from_json);
  JsonReader store(reader.value("store"), reader.path_of("store"));
  list.store_url = store.text("url");
  list.prefix = store.text("prefix");
  list.encrypted = store.boolean_or("encrypted", false);
  list.copies = store.texts_or_empty("copies");
  reader.merge(store.status());
  TW_RETURN_IF_ERROR(reader.status());
  return list;
}

Result<VerifyResult> verify_result_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  VerifyResult result;
  result.manifests = read_count(reader, "manifests");
  result.chunks = read_count(reader, "chunks");
  result.bytes = read_count(reader, "bytes");
  result.problems = reader.texts_or_empty("problems");
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(result.proof, proof_from_json(reader.value("proof"), reader.path_of("proof")));
  return result;
}

}  // namespace tradewind::api
