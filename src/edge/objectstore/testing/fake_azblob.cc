#include "edge/objectstore/testing/fake_azblob.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "edge/cloud/http_date.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/percent_path.h"

namespace tradewind::objectstore {
namespace {

std::string escaped(const std::string& text) {
  std::string xml;
  for (const char c : text)
    xml += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return xml;
}

}  // namespace

struct FakeAzblob::Asked {
  const io::HttpRequest& request;
  std::string path;  // as it came
  std::string name;  // of the object; "" for the container
  std::map<std::string, std::string> parameters;
  std::string header(const char* which) const { return std::string(io::header_of(request.headers, which)); }
  std::string parameter(const char* which) const {
    const auto found = parameters.find(which);
    return found == parameters.end() ? "" : found->second;
  }
};

FakeAzblob::FakeAzblob(FakeAzblobOptions options, Faults faults)
    : options_(std::move(options)),
      server_(
          std::move(faults), [this](const io::HttpRequest& request) { return refusal_or_effect(request); },
          [this](Fault fault) {
            if (fault == Fault::slow_down) return error(503, "ServerBusy");
            return fault == Fault::denied ? error(403, options_.refusal) : error(500, "InternalError");
          }) {}

std::string FakeAzblob::url(const std::string& prefix) const {
  return "azblob://" + options_.container + (prefix.empty() ? "" : "/" + prefix) +
         "?account=" + options_.account + "&endpoint=" + endpoint() + "/" + options_.account;
}

cloud::Variables FakeAzblob::environment() const {
  return {{"AZURE_STORAGE_KEY", options_.key}, {"AZURE_TOKEN_CREDENTIALS", "dev"}};
}

void FakeAzblob::place(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(name, Object{bytes, io::base64(io::md5(bytes)), {}, {}, now()});
}

void FakeAzblob::damage(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.at(name).bytes = bytes;
}

void FakeAzblob::drop_blocks() {
  const std::lock_guard lock(mutex_);
  staged_.clear();
}

std::size_t FakeAzblob::unlisted_blocks() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, blocks] : staged_) count += blocks.size();
  return count;
}

Time FakeAzblob::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + options_.clock_ahead;
}

io::HttpResponse FakeAzblob::error(int status, const std::string& code, const std::string& detail) const {
  io::HttpResponse made{
      status,
      {{"Date", cloud::format_http_date(now())}, {"x-ms-request-id", "REQ1"}, {"x-ms-error-code", code}},
      {},
      {}};
  made.body =
      "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>" + code +
      "</Code><Message>said by the fake\nRequestId:REQ1</Message>" +
      (detail.empty() ? "" : "<AuthenticationErrorDetail>" + detail + "</AuthenticationErrorDetail>") +
      "</Error>";
  return made;
}

io::HttpResponse FakeAzblob::refusal_or_effect(const io::HttpRequest& request) {
  const Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok() || target->parts.size() < 2) return error(400, "InvalidUri");
  Asked asked{request, request.target.substr(0, request.target.find('?')),
              join(std::span(target->parts).subspan(2), "/"), target->query};
  if (target->parts[0] != options_.account) return error(404, "ResourceNotFound");
  io::HttpResponse refusal;
  if (!verify(asked, refusal)) return refusal;
  if (asked.header("x-ms-version") < "2019-12-12") return error(400, "InvalidHeaderValue");
  if (target->parts[1] != options_.container) return error(404, "ContainerNotFound");
  const std::string sum = asked.header("Content-MD5");
  if (!sum.empty() && sum != io::base64(io::md5(request.body))) return error(400, "Md5Mismatch");
  return act(asked);
}

// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, from the server's side.
std::string FakeAzblob::text_to_sign(const Asked& asked) const {
  std::vector<std::string> lines = {asked.request.method};
  for (const char* name :
       {"Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date",
        "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"}) {
    const std::string value = asked.header(name);
    lines.push_back(std::string_view(name) == "Content-Length" && value == "0" ? "" : value);
  }
  std::vector<std::string> own;
  for (const io::HttpHeader& header : asked.request.headers) {
    if (lower(header.name).starts_with("x-ms-")) own.push_back(lower(header.name) + ":" + header.value);
  }
  std::sort(own.begin(), own.end());
  lines.insert(lines.end(), own.begin(), own.end());
  lines.push_back("/" + options_.account + asked.path);
  for (const auto& [name, value] : asked.parameters) {
    lines.push_back(name);
    lines.back().append(":").append(value);
  }
  return join(lines, "\n");
}

bool FakeAzblob::verify(const Asked& asked, io::HttpResponse& refusal) const {
  const auto refuse = [&](int status, const std::string& code, const std::string& detail = "") {
    refusal = error(status, code, detail);
    return false;
  };
  const std::string authorization = asked.header("Authorization");
  if (authorization.starts_with("Bearer ")) {
    if (!options_.token.empty() && authorization == "Bearer " + options_.token) return true;
    return refuse(401, "InvalidAuthenticationInfo", "Lifetime validation failed. The token is expired.");
  }
  if (authorization.empty()) {
    if (asked.parameter("sig").empty()) return refuse(401, "NoAuthenticationInformation");
    if (!options_.sas.empty() && asked.request.target.ends_with(options_.sas)) return true;
    if (asked.parameter("se") < "2026") {
      return refuse(403, "AuthenticationFailed",
                    "Signature not valid in the specified time frame: Start [] - Expiry [" +
                        asked.parameter("se") + "] - Current [now]");
    }
    return refuse(403, "AuthenticationFailed", "Signature did not match.");
  }
  const std::optional<Time> dated = cloud::parse_http_date(asked.header("x-ms-date"));
  if (!dated) return refuse(403, "AuthenticationFailed", "no date");
  if (std::chrono::abs(*dated - now()) > std::chrono::minutes(15)) {
    return refuse(403, "AuthenticationFailed",
                  "Request date header too old: '" + asked.header("x-ms-date") + "'");
  }
  const std::string signature =
      io::base64(io::hmac_sha256(io::decode_base64(options_.key).value(), text_to_sign(asked)));
  if (authorization == "SharedKey " + options_.account + ":" + signature) return true;
  return refuse(403, "AuthenticationFailed",
                "The MAC signature found in the HTTP request is not the same as any computed signature.");
}

io::HttpResponse FakeAzblob::act(const Asked& asked) {
  const std::string& method = asked.request.method;
  const std::string comp = asked.parameter("comp");
  const std::lock_guard lock(mutex_);
  if (asked.name.empty())
    return comp == "list" && method == "GET" ? list(asked) : error(405, "UnsupportedHttpVerb");
  if (method == "PUT" && comp == "block") return put_block(asked);
  if (method == "PUT" && comp == "blocklist") return put_block_list(asked);
  if (method == "PUT") return put(asked);
  if (method == "DELETE") return remove(asked);
  if (method == "GET" || method == "HEAD") return get(asked);
  return error(405, "UnsupportedHttpVerb");
}

// What becomes an object replaces what was there, and ends what was sent for it and never listed.
io::HttpResponse FakeAzblob::store(const Asked& asked, Object made) {
  for (const io::HttpHeader& header : asked.request.headers) {
    const std::string name = lower(header.name);
    if (name.starts_with("x-ms-meta-")) made.metadata[name] = header.value;
  }
  made.modified_at = now();
  objects_.insert_or_assign(asked.name, std::move(made));
  staged_.erase(asked.name);
  return {201, {{"ETag", "\"0x8D\""}}, {}, {}};
}

io::HttpResponse FakeAzblob::copy(const Asked& asked, const std::string& source) {
  const std::string own = endpoint() + "/" + options_.account + "/" + options_.container + "/";
  const auto found = source.starts_with(own)
                         ? objects_.find(percent_decoded_path(source.substr(own.size())).value_or(""))
                         : objects_.end();
  if (found == objects_.end()) return error(404, "CannotVerifyCopySource");
  if (asked.header("x-ms-source-if-match") != "\"0x8D\"") return error(412, "SourceConditionNotMet");
  Object made = found->second;
  io::HttpResponse answer = store(asked, std::move(made));
  answer.status = 202;
  answer.headers.push_back({"x-ms-copy-id", "copy-1"});
  answer.headers.push_back({"x-ms-copy-status", "success"});
  return answer;
}

io::HttpResponse FakeAzblob::put(const Asked& asked) {
  const std::string source = asked.header("x-ms-copy-source");
  if (!source.empty()) return copy(asked, source);
  if (asked.header("x-ms-blob-type") != "BlockBlob") return error(400, "MissingRequiredHeader");
  if (asked.header("If-None-Match") == "*" && objects_.contains(asked.name))
    return error(409, "BlobAlreadyExists");
  return store(asked, {asked.request.body, io::base64(io::md5(asked.request.body)), {}, {}, {}});
}

io::HttpResponse FakeAzblob::put_block(const Asked& asked) {
  const std::string id = asked.parameter("blockid");
  std::map<std::string, std::string>& blocks = staged_[asked.name];
  if (!io::decode_base64(id) || (!blocks.empty() && blocks.begin()->first.size() != id.size())) {
    return error(400, "InvalidBlobOrBlock");
  }
  blocks[id] = asked.request.body;
  return {201, {}, {}, {}};
}

io::HttpResponse FakeAzblob::put_block_list(const Asked& asked) {
  const auto old = objects_.find(asked.name);
  if (asked.header("If-None-Match") == "*" && old != objects_.end()) return error(409, "BlobAlreadyExists");
  Object made;
  const std::map<std::string, std::string>& sent = staged_[asked.name];
  const std::string& xml = asked.request.body;
  for (std::size_t at = xml.find("<Latest>"); at != std::string::npos; at = xml.find("<Latest>", at + 1)) {
    const std::string id = xml.substr(at + 8, xml.find('<', at + 1) - at - 8);
    const bool is_new = sent.contains(id);
    if (!is_new && (old == objects_.end() || !old->second.blocks.contains(id)))
      return error(400, "InvalidBlockList");
    made.blocks[id] = is_new ? sent.at(id) : old->second.blocks.at(id);
    made.bytes += made.blocks[id];
  }
  made.md5 = asked.header("x-ms-blob-content-md5");
  return store(asked, std::move(made));
}

io::HttpResponse FakeAzblob::get(const Asked& asked) {
  const auto found = objects_.find(asked.name);
  if (found == objects_.end()) return error(404, "BlobNotFound");
  const Object& object = found->second;
  io::HttpResponse made{
      200, {{"Last-Modified", cloud::format_http_date(object.modified_at)}, {"ETag", "\"0x8D\""}}, {}, {}};
  for (const auto& [name, value] : object.metadata) made.headers.push_back({name, value});
  const std::string range = asked.header("Range");
  if (range.empty()) {
    made.body = object.bytes;
    if (!object.md5.empty()) made.headers.push_back({"Content-MD5", object.md5});
    return made;
  }
  const std::size_t size = object.bytes.size();
  const std::size_t begin = std::stoull(range.substr(range.find('=') + 1));
  const std::string last = range.substr(range.find('-') + 1);
  if (begin >= size) return error(416, "InvalidRange");
  const std::size_t end = last.empty() ? size : std::min<std::size_t>(size, std::stoull(last) + 1);
  made.status = 206;
  made.body = object.bytes.substr(begin, end - begin);
  made.headers.push_back({"Content-Range", "bytes " + std::to_string(begin) + "-" + std::to_string(end - 1) +
                                               "/" + std::to_string(size)});
  if (asked.header("x-ms-range-get-content-md5") == "true") {
    if (last.empty()) return error(400, "InvalidHeaderValue");
    made.headers.push_back({"Content-MD5", io::base64(io::md5(made.body))});
  }
  return made;
}

// Markers are opaque to the client: these name the next object, in a form that no client guesses.
io::HttpResponse FakeAzblob::list(const Asked& asked) {
  const std::string prefix = asked.parameter("prefix");
  const std::string marker = asked.parameter("marker");
  std::string from = prefix;
  if (!marker.empty()) {
    const std::optional<std::string> named = io::decode_base64(marker);
    if (!named) return error(400, "OutOfRangeInput");
    from = *named;
  }
  const std::size_t wanted =
      std::min<std::size_t>(options_.page_max, std::stoull(asked.parameter("maxresults")));
  const bool one_level = asked.parameter("delimiter") == "/";
  std::string blobs;
  std::string next_marker;
  std::size_t count = 0;
  auto next = objects_.lower_bound(from);
  while (next != objects_.end() && next->first.starts_with(prefix)) {
    if (count++ == wanted) {
      next_marker = io::base64(next->first);
      break;
    }
    const std::size_t slash = one_level ? next->first.find('/', prefix.size()) : std::string::npos;
    if (slash != std::string::npos) {
      const std::string folder = next->first.substr(0, slash + 1);
      blobs += "<BlobPrefix><Name>" + escaped(folder) + "</Name></BlobPrefix>";
      while (next != objects_.end() && next->first.starts_with(folder)) ++next;
      continue;
    }
    blobs += "<Blob><Name>" + escaped(next->first) + "</Name><Properties><Last-Modified>" +
             cloud::format_http_date(next->second.modified_at) + "</Last-Modified><Content-Length>" +
             std::to_string(next->second.bytes.size()) + "</Content-Length></Properties></Blob>";
    ++next;
  }
  return {200,
          {},
          "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>" + blobs +
              "</Blobs><NextMarker>" + next_marker + "</NextMarker></EnumerationResults>",
          {}};
}

io::HttpResponse FakeAzblob::remove(const Asked& asked) {
  const auto found = objects_.find(asked.name);
  if (found == objects_.end()) return error(404, "BlobNotFound");
  const std::optional<Time> unless_since = cloud::parse_http_date(asked.header("If-Unmodified-Since"));
  const auto second = std::chrono::floor<std::chrono::seconds>(found->second.modified_at);
  if (unless_since && second > *unless_since) return error(412, "ConditionNotMet");
  objects_.erase(found);
  return {202, {}, {}, {}};
}

}  // namespace tradewind::objectstore
