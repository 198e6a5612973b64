#include "edge/objectstore/gcs/gcs_answer.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/json_numbers.h"

namespace tradewind::objectstore {
namespace {

constexpr const char* mark_name = "tradewind-write";
constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;

Error no_answer(const std::string& what, const std::string& problem) {
  return {Code::corrupt, "the store's " + what + " is none: " + problem};
}

Result<GcsObject> object_of(const json::value& value, const std::string& what) {
  JsonReader reader(value, what);
  GcsObject made;
  made.name = reader.text("name");
  const std::optional<std::int64_t> size = cloud::whole_number(reader, "size");
  made.modified_at = reader.time("updated");
  if (const json::value* metadata = reader.optional("metadata");
      metadata != nullptr && metadata->is_object()) {
    JsonReader inner(*metadata, "metadata");
    made.mark = inner.text_or(mark_name, "");
  }
  made.crc32c = reader.text_or("crc32c", "");
  made.generation = reader.text_or("generation", "");
  if (!reader.status().ok()) return no_answer(what, reader.status().error().message);
  if (!size || *size < 0) return no_answer(what, "it has no size");
  made.size_bytes = static_cast<std::uint64_t>(*size);
  return made;
}

}  // namespace

Result<GcsObject> parse_gcs_object(std::string_view body) {
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) return no_answer("answer about an object", "it is not JSON");
  return object_of(*document, "answer about an object");
}

Result<GcsRewrite> parse_gcs_rewrite(std::string_view body) {
  const std::string what = "answer about a copy";
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) return no_answer(what, "it is not JSON");
  JsonReader reader(*document, what);
  GcsRewrite made;
  const json::value* done = reader.optional("done");
  made.done = done != nullptr && done->is_bool() && done->get_bool();
  made.token = reader.text_or("rewriteToken", "");
  if (const json::value* resource = reader.optional("resource");
      resource != nullptr && resource->is_object()) {
    made.crc32c = JsonReader(*resource, what).text_or("crc32c", "");
  }
  if (!reader.status().ok()) return no_answer(what, reader.status().error().message);
  return made;
}

Result<GcsList> parse_gcs_list(std::string_view body) {
  const std::string what = "list of objects";
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) return no_answer(what, "it is not JSON");
  JsonReader reader(*document, what);
  GcsList list;
  list.next_token = reader.text_or("nextPageToken", "");
  const json::value* items = reader.optional("items");
  if (items != nullptr && !items->is_array()) return no_answer(what, "its items are no list");
  if (!reader.status().ok()) return no_answer(what, reader.status().error().message);
  if (items == nullptr) return list;  // empty ones are left out
  for (const json::value& item : items->get_array()) {
    TW_ASSIGN_OR_RETURN(GcsObject object, object_of(item, what));
    list.objects.push_back(std::move(object));
  }
  return list;
}

std::optional<std::uint64_t> parse_gcs_received(std::string_view range) {
  if (range.empty()) return 0;
  constexpr std::string_view start = "bytes=0-";
  std::uint64_t last = 0;
  if (!range.starts_with(start)) return std::nullopt;
  range.remove_prefix(start.size());
  const auto [end, problem] = std::from_chars(range.data(), range.data() + range.size(), last);
  if (problem != std::errc() || end != range.data() + range.size() || last == ~std::uint64_t{0})
    return std::nullopt;
  return last + 1;
}

std::string gcs_crc32c_of(const std::vector<io::HttpHeader>& headers) {
  constexpr std::string_view name = "crc32c=";
  for (const io::HttpHeader& header : headers) {
    if (lower(header.name) != "x-goog-hash") continue;
    for (const std::string& part : split(header.value, ',')) {
      const std::string_view value = trim(part);
      if (value.starts_with(name)) return std::string(value.substr(name.size()));
    }
  }
  return "";
}

std::string gcs_draft_text(const GcsDraft& draft) {
  json::object made{
      {"name", draft.name}, {"contentType", "application/octet-stream"}, {"crc32c", draft.crc32c}};
  if (!draft.mark.empty()) made["metadata"] = json::object{{mark_name, draft.mark}};
  return to_text(json::value(std::move(made)));
}

GcsMultipart gcs_multipart(const std::string& draft_text, std::string_view bytes,
                           const std::string& boundary) {
  const std::string begin = "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" +
                            draft_text + "\r\n--" + boundary +
                            "\r\nContent-Type: application/octet-stream\r\n\r\n";
  const std::string end = "\r\n--" + boundary + "--\r\n";
  GcsMultipart made{"multipart/related; boundary=" + boundary, ""};
  made.body.reserve(begin.size() + bytes.size() + end.size());
  made.body.append(begin).append(bytes).append(end);
  return made;
}

}  // namespace tradewind::objectstore
