#include "edge/objectstore/testing/fake_gcs.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/gcs/crc32c.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t unit = std::size_t{256} << 10;
constexpr std::size_t none = ~std::size_t{0};

Time now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::string described(const std::string& name, std::size_t size, const std::string& crc,
                      const std::string& mark, std::uint64_t generation, Time modified_at) {
  json::object made{{"kind", "storage#object"},
                    {"name", name},
                    {"size", std::to_string(size)},
                    {"generation", std::to_string(generation)},
                    {"crc32c", crc},
                    {"updated", format_utc(modified_at)}};
  if (!mark.empty()) made["metadata"] = json::object{{"tradewind-write", mark}};
  return to_text(json::value(std::move(made)));
}

}  // namespace

struct FakeGcs::Asked {
  const io::HttpRequest& request;
  std::vector<std::string> parts;
  std::map<std::string, std::string> parameters;
  std::string header(const char* which) const { return std::string(io::header_of(request.headers, which)); }
  std::string parameter(const char* which) const {
    const auto found = parameters.find(which);
    return found == parameters.end() ? "" : found->second;
  }
};

FakeGcs::FakeGcs(FakeGcsOptions options, Faults faults)
    : options_(std::move(options)),
      token_(options_.token),
      server_(
          std::move(faults), [this](const io::HttpRequest& request) { return refusal_or_effect(request); },
          [this](Fault fault) {
            if (fault == Fault::slow_down) return error(429, "rateLimitExceeded", "slow down");
            if (fault == Fault::denied) {
              return error(403, options_.denial,
                           "me@acme.iam.gserviceaccount.com does not have storage.objects.get access to the "
                           "Google Cloud Storage object. Permission 'storage.objects.get' denied on resource "
                           "(or it may not exist).");
            }
            return error(503, "backendError", "broken by the test");
          }) {}

std::string FakeGcs::url(const std::string& prefix) const {
  return "gs://" + options_.bucket + (prefix.empty() ? "" : "/" + prefix) + "?endpoint=" + endpoint() +
         (options_.payer.empty() ? "" : "&project=" + options_.payer);
}

void FakeGcs::place(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(name, Object{bytes, crc32c_text(bytes), "", ++generations_, now()});
}

void FakeGcs::damage(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.at(name).bytes = bytes;
}

void FakeGcs::break_next_chunk(std::size_t kept) {
  const std::lock_guard lock(mutex_);
  kept_of_next_chunk_ = kept;
}

void FakeGcs::garble_next_chunk() {
  const std::lock_guard lock(mutex_);
  garbles_ = true;
}

void FakeGcs::forget_sessions() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

void FakeGcs::take_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
}

std::size_t FakeGcs::open_sessions() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& each) { return !each.second.ended; }));
}

std::uint64_t FakeGcs::bytes_of_chunks() const {
  const std::lock_guard lock(mutex_);
  return chunk_bytes_;
}

io::HttpResponse FakeGcs::error(int status, const std::string& reason, const std::string& message) const {
  const json::object entry{{"message", message}, {"domain", "global"}, {"reason", reason}};
  const json::object body{
      {"error", json::object{{"code", status}, {"message", message}, {"errors", json::array{entry}}}}};
  return {status, {{"X-GUploader-UploadID", "REQ1"}}, to_text(json::value(body)), {}};
}

io::HttpResponse FakeGcs::no_object(const std::string& name, bool in_text) const {
  if (!options_.says_what_is_missing) return error(404, "notFound", "Not Found");
  const std::string message = "No such object: " + options_.bucket + "/" + name;
  // Downloads are refused in plain text.
  if (in_text) return {404, {}, message, {}};
  return error(404, "notFound", message);
}

io::HttpResponse FakeGcs::refusal_or_effect(const io::HttpRequest& request) {
  const Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok()) return error(400, "invalid", "no target");
  Asked asked{request, target->parts, target->query};
  const bool uploads = !asked.parts.empty() && asked.parts[0] == "upload";
  if (uploads) asked.parts.erase(asked.parts.begin());
  const std::lock_guard lock(mutex_);
  if (!token_.empty() && asked.header("Authorization") != "Bearer " + token_) {
    return error(401, "authError", "Invalid Credentials");
  }
  // storage/v1/b/BUCKET/o[/OBJECT]
  if (asked.parts.size() < 5 || asked.parts[2] != "b" || asked.parts[4] != "o")
    return {404, {}, "Not Found", {}};
  if (asked.parts[3] != options_.bucket) {
    return error(404, "notFound",
                 options_.says_what_is_missing ? "The specified bucket does not exist." : "Not Found");
  }
  if (!options_.payer.empty() && asked.parameter("upload_id").empty() &&
      asked.parameter("userProject") != options_.payer) {
    return error(400, "userProjectMissing",
                 "Bucket is a requester pays bucket but no user project provided.");
  }
  if (uploads) return upload(asked);
  if (asked.parts.size() == 5)
    return request.method == "GET" ? list(asked) : error(405, "methodNotAllowed", "");
  const std::string& name = asked.parts[5];
  // …/OBJECT/rewriteTo/b/BUCKET/o/OBJECT
  if (asked.parts.size() == 11 && asked.parts[6] == "rewriteTo") return rewrite(asked, name, asked.parts[10]);
  if (request.method == "DELETE") return remove(name);
  return request.method == "GET" ? get(asked, name) : error(405, "methodNotAllowed", "");
}

Result<FakeGcs::Session> FakeGcs::draft_of(const std::string& text, const Asked& asked) {
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(text));
  JsonReader reader(document, "");
  Session made{reader.text("name"), reader.text_or("crc32c", ""), "",
               asked.parameter("ifGenerationMatch") == "0"};
  if (const json::value* metadata = reader.optional("metadata")) {
    made.mark = JsonReader(*metadata, "").text_or("tradewind-write", "");
  }
  TW_RETURN_IF_ERROR(reader.status());
  return made;
}

io::HttpResponse FakeGcs::upload(const Asked& asked) {
  const std::string type = asked.parameter("uploadType");
  if (asked.request.method == "PUT") return take_chunk(asked);
  if (type == "resumable") return begin(asked);
  if (type != "multipart") return error(400, "badRequest", "an upload of no known type");
  const std::string kind = asked.header("Content-Type");
  const std::string seam = "--" + kind.substr(std::min(kind.find("boundary=") + 9, kind.size()));
  const std::string& body = asked.request.body;
  const std::size_t draft = body.find("\r\n\r\n") + 4;
  const std::size_t draft_end = body.find("\r\n" + seam, draft);
  const std::size_t bytes = body.find("\r\n\r\n", draft_end) + 4;
  const std::size_t end = body.rfind("\r\n" + seam + "--");
  if (!body.starts_with(seam) || draft_end == std::string::npos || end == std::string::npos || end < bytes) {
    return error(400, "badRequest", "Malformed multipart body.");
  }
  Result<Session> made = draft_of(body.substr(draft, draft_end - draft), asked);
  if (!made.ok()) return error(400, "parseError", "Parse Error");
  made->bytes = body.substr(bytes, end - bytes);
  return store(*std::move(made));
}

io::HttpResponse FakeGcs::begin(const Asked& asked) {
  Result<Session> draft = draft_of(asked.request.body, asked);
  if (!draft.ok()) return error(400, "parseError", "Parse Error");
  Session made = *std::move(draft);
  if (made.only_new && objects_.contains(made.name)) {
    return error(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
  }
  const std::string id = io::hex(io::random_bytes(8));
  sessions_[id] = std::move(made);
  return {200,
          {{"Location", "https://storage.googleapis.com/upload/storage/v1/b/" + options_.bucket +
                            "/o?uploadType=resumable&upload_id=" + id}},
          {},
          {}};
}

io::HttpResponse FakeGcs::take_chunk(const Asked& asked) {
  const auto found = sessions_.find(asked.parameter("upload_id"));
  if (found == sessions_.end()) return error(404, "notFound", "Not Found");
  Session& session = found->second;
  if (session.ended) {
    const Object& object = objects_.at(session.name);
    return {200,
            {},
            described(session.name, object.bytes.size(), object.crc32c, object.mark, object.generation,
                      object.modified_at),
            {}};
  }
  const auto so_far = [&]() -> io::HttpResponse {
    io::HttpResponse made{308, {}, {}, {}};
    if (!session.bytes.empty())
      made.headers.push_back({"Range", "bytes=0-" + std::to_string(session.bytes.size() - 1)});
    return made;
  };
  // "bytes 0-524287/2000000", "bytes */2000000"
  const std::string range = asked.header("Content-Range");
  const std::size_t total = std::stoull(range.substr(range.find('/') + 1));
  if (range.starts_with("bytes */")) return so_far();
  const std::size_t begin = std::stoull(range.substr(6));
  std::string chunk = asked.request.body;
  chunk_bytes_ += chunk.size();
  if (begin + chunk.size() < total && chunk.size() % unit != 0)
    return error(400, "badRequest", "an odd chunk");
  if (begin > session.bytes.size()) return error(503, "backendError", "bytes are missing in between");
  if (std::exchange(garbles_, false)) chunk[0] = static_cast<char>(chunk[0] ^ 1);
  const std::size_t kept = std::exchange(kept_of_next_chunk_, none);
  if (kept != none) {
    session.bytes.resize(begin);
    session.bytes += chunk.substr(0, kept);
    return error(503, "backendError", "broken by the test");
  }
  session.bytes.resize(begin);
  session.bytes += chunk;
  if (session.bytes.size() < total) return so_far();
  io::HttpResponse made = store(session);
  session.ended = made.status == 200;
  session.bytes.clear();
  return made;
}

io::HttpResponse FakeGcs::store(Session made) {
  const std::string sum = crc32c_text(made.bytes);
  if (!made.crc32c.empty() && made.crc32c != sum) {
    return error(400, "invalid",
                 "Provided CRC32C \"" + made.crc32c + "\" doesn't match calculated CRC32C \"" + sum + "\".");
  }
  if (made.only_new && objects_.contains(made.name)) {
    return error(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
  }
  const Object object{std::move(made.bytes), sum, std::move(made.mark), ++generations_, now()};
  objects_.insert_or_assign(made.name, object);
  return {200,
          {},
          described(made.name, object.bytes.size(), sum, object.mark, object.generation, object.modified_at),
          {}};
}

io::HttpResponse FakeGcs::get(const Asked& asked, const std::string& name) {
  const bool in_text = asked.parameter("alt") == "media";
  const auto found = objects_.find(name);
  if (found == objects_.end()) return no_object(name, in_text);
  const Object& object = found->second;
  if (in_text) return media(asked, object);
  return {
      200,
      {},
      described(name, object.bytes.size(), object.crc32c, object.mark, object.generation, object.modified_at),
      {}};
}

// In two calls, as between places that are far apart.
io::HttpResponse FakeGcs::rewrite(const Asked& asked, const std::string& from, const std::string& to) {
  const auto found = objects_.find(from);
  if (found == objects_.end()) return no_object(from, false);
  Object made = found->second;
  if (asked.parameter("ifSourceGenerationMatch") != std::to_string(made.generation)) {
    return error(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
  }
  if (asked.parameter("rewriteToken") != "half") {
    return {200, {}, R"({"kind":"storage#rewriteResponse","done":false,"rewriteToken":"half"})", {}};
  }
  made.generation = ++generations_;
  made.modified_at = now();
  objects_.insert_or_assign(to, made);
  const json::object answer{{"kind", "storage#rewriteResponse"},
                            {"done", true},
                            {"resource", json::object{{"name", to}, {"crc32c", made.crc32c}}}};
  return {200, {}, to_text(json::value(answer)), {}};
}

io::HttpResponse FakeGcs::media(const Asked& asked, const Object& object) const {
  io::HttpResponse made{
      200,
      {{"x-goog-hash", "crc32c=" + object.crc32c + ",md5=" + io::base64(io::md5(object.bytes))},
       {"X-Goog-Stored-Content-Encoding", "identity"}},
      object.bytes,
      {}};
  const std::string range = asked.header("Range");
  if (range.empty()) return made;
  const std::size_t size = object.bytes.size();
  const std::size_t begin = std::stoull(range.substr(range.find('=') + 1));
  const std::string last = range.substr(range.find('-') + 1);
  if (begin >= size) return {416, {}, "Request range not satisfiable", {}};
  const std::size_t end = last.empty() ? size : std::min<std::size_t>(size, std::stoull(last) + 1);
  made.status = 206;
  made.body = object.bytes.substr(begin, end - begin);
  return made;
}

// Tokens are opaque to the client: these name the last object, in a form that no client guesses.
io::HttpResponse FakeGcs::list(const Asked& asked) {
  const std::string prefix = asked.parameter("prefix");
  const std::string token = asked.parameter("pageToken");
  const std::string most = asked.parameter("maxResults");
  const std::size_t wanted =
      std::min<std::size_t>(options_.page_max, most.empty() ? none : std::stoull(most));
  auto next = objects_.lower_bound(std::max(prefix, asked.parameter("startOffset")));
  if (!token.empty()) {
    const std::optional<std::string> named = io::decode_base64(token);
    if (!named) return error(400, "invalid", "Invalid argument.");
    next = objects_.upper_bound(*named);
  }
  json::array items;
  json::object made{{"kind", "storage#objects"}};
  std::string last;
  for (; next != objects_.end() && next->first.starts_with(prefix); ++next) {
    if (items.size() == wanted) {
      made["nextPageToken"] = io::base64(last);
      break;
    }
    last = next->first;
    items.push_back(*parse_json(described(last, next->second.bytes.size(), next->second.crc32c, "",
                                          next->second.generation, next->second.modified_at)));
  }
  if (!items.empty()) made["items"] = std::move(items);
  return {200, {}, to_text(json::value(std::move(made))), {}};
}

io::HttpResponse FakeGcs::remove(const std::string& name) {
  if (objects_.erase(name) == 0) return no_object(name, false);
  return {204, {}, {}, {}};
}

}  // namespace tradewind::objectstore
