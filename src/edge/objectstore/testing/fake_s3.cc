#include "edge/objectstore/testing/fake_s3.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "edge/cloud/http_date.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/percent_path.h"

namespace tradewind::objectstore {
namespace {

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  if (begin == std::string::npos) return "";
  return text.substr(begin + from.size(), text.find(to, begin + from.size()) - begin - from.size());
}

}  // namespace

struct FakeS3::Asked {
  const io::HttpRequest& request;
  std::string path;   // as it came
  std::string query;  // as it came
  std::string key;    // "" for the bucket
  std::map<std::string, std::string> parameters;
  std::string header(const char* name) const { return std::string(io::header_of(request.headers, name)); }
  bool has(const char* name) const { return parameters.contains(name); }
};

FakeS3::FakeS3(FakeS3Options options, Faults faults)
    : options_(std::move(options)),
      server_(
          std::move(faults), [this](const io::HttpRequest& request) { return refusal_or_effect(request); },
          [this](Fault fault) {
            if (fault == Fault::slow_down) return error(503, "SlowDown");
            if (fault == Fault::race) return error(409, "ConditionalRequestConflict");
            return fault == Fault::denied ? error(403, "AccessDenied") : error(500, "InternalError");
          }) {}

std::string FakeS3::url(const std::string& prefix) const {
  return "s3://" + options_.bucket + (prefix.empty() ? "" : "/" + prefix) + "?endpoint=" + endpoint() +
         "&region=" + options_.region;
}

cloud::Variables FakeS3::environment() const {
  cloud::Variables made{{"AWS_ACCESS_KEY_ID", options_.access_key_id},
                        {"AWS_SECRET_ACCESS_KEY", options_.secret_access_key},
                        {"AWS_EC2_METADATA_DISABLED", "true"}};
  if (!options_.session_token.empty()) made["AWS_SESSION_TOKEN"] = options_.session_token;
  return made;
}

void FakeS3::place(const std::string& key, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(key, Object{bytes, io::hex(io::md5(bytes)), {}, now()});
}

void FakeS3::damage(const std::string& key, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_.at(key).bytes = bytes;
}

std::size_t FakeS3::unfinished_uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

Time FakeS3::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + options_.clock_ahead;
}

io::HttpResponse FakeS3::error(int status, const std::string& code, const std::string& more) const {
  io::HttpResponse made{
      status, {{"Date", cloud::format_http_date(now())}, {"x-amz-request-id", "REQ1"}}, {}, {}};
  made.body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>said by the fake</Message>" +
              more + "</Error>";
  return made;
}

io::HttpResponse FakeS3::refusal_or_effect(const io::HttpRequest& request) {
  const std::size_t question = request.target.find('?');
  Asked asked{request, request.target.substr(0, question), "", "", {}};
  if (question != std::string::npos) asked.query = request.target.substr(question + 1);
  const Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok() || target->parts.empty()) return error(400, "InvalidURI");
  asked.parameters = target->query;
  io::HttpResponse refusal;
  if (!verify(asked, refusal)) return refusal;
  if (target->parts[0] != options_.bucket) return error(404, "NoSuchBucket");
  asked.key = join(std::span(target->parts).subspan(1), "/");
  return act(asked);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, from the server's side.
bool FakeS3::verify(const Asked& asked, io::HttpResponse& refusal) const {
  const auto refuse = [&](int status, const std::string& code, const std::string& more = "") {
    refusal = error(status, code, more);
    return false;
  };
  const std::string authorization = asked.header("Authorization") + ",";
  const std::vector<std::string> scope = split(between(authorization, "Credential=", ","), '/');
  if (!authorization.starts_with("AWS4-HMAC-SHA256 ") || scope.size() != 5)
    return refuse(403, "AccessDenied");
  if (scope[0] != options_.access_key_id) return refuse(403, "InvalidAccessKeyId");
  if (scope[2] != options_.region) {
    const std::string where = options_.names_region ? "<Region>" + options_.region + "</Region>" : "";
    refuse(400, "AuthorizationHeaderMalformed", where);
    if (options_.names_region) refusal.headers.push_back({"x-amz-bucket-region", options_.region});
    return false;
  }
  if (asked.header("x-amz-security-token") != options_.session_token) return refuse(400, "ExpiredToken");
  const std::string date = asked.header("x-amz-date");
  if (date.size() != 16 || date.substr(0, 8) != scope[1]) return refuse(403, "AccessDenied");
  const Result<Time> signed_at =
      parse_utc(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T" +
                date.substr(9, 2) + ":" + date.substr(11, 2) + ":" + date.substr(13, 2) + "Z");
  if (!signed_at.ok()) return refuse(403, "AccessDenied");
  if (std::chrono::abs(*signed_at - now()) > std::chrono::minutes(15))
    return refuse(403, "RequestTimeTooSkewed");
  const std::string payload = asked.header("x-amz-content-sha256");
  if (payload != io::hex(io::sha256(asked.request.body))) return refuse(400, "XAmzContentSHA256Mismatch");

  const std::string names = between(authorization, "SignedHeaders=", ",");
  std::string lines;
  for (const std::string& name : split(names, ';')) lines += name + ":" + asked.header(name.c_str()) + "\n";
  for (const io::HttpHeader& header : asked.request.headers) {
    const std::string name = lower(header.name);
    const bool demanded = name.starts_with("x-amz-") || name == "host";
    if (demanded && (";" + names + ";").find(";" + name + ";") == std::string::npos)
      return refuse(403, "AccessDenied");
  }
  std::vector<std::string> pairs = split(asked.query, '&');
  std::sort(pairs.begin(), pairs.end());
  const std::string canonical = asked.request.method + "\n" + asked.path + "\n" + join(pairs, "&") + "\n" +
                                lines + "\n" + names + "\n" + payload;
  std::string key = "AWS4" + options_.secret_access_key;
  for (std::size_t i = 1; i < scope.size(); ++i) key = io::hmac_sha256(key, scope[i]);
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope[1] + "/" + scope[2] + "/" +
                              scope[3] + "/" + scope[4] + "\n" + io::hex(io::sha256(canonical));
  if (between(authorization, "Signature=", ",") != io::hex(io::hmac_sha256(key, to_sign))) {
    return refuse(403, "SignatureDoesNotMatch");
  }
  return true;
}

io::HttpResponse FakeS3::act(const Asked& asked) {
  const std::string& method = asked.request.method;
  const std::lock_guard lock(mutex_);
  if (asked.key.empty()) return asked.has("list-type") ? list(asked) : error(405, "MethodNotAllowed");
  if (method == "POST" && asked.has("uploads")) return begin_upload(asked);
  if (method == "POST" && asked.has("uploadId")) return complete_upload(asked);
  if (method == "PUT" && asked.has("uploadId")) return take_part(asked);
  if (method == "PUT") return put(asked);
  if (method == "DELETE") return remove(asked);
  if (method == "GET" || method == "HEAD") return get(asked);
  return error(405, "MethodNotAllowed");
}

// Of its own bucket, as a server with one account does.
io::HttpResponse FakeS3::copy(const Asked& asked, const std::string& source) {
  const std::string own = "/" + options_.bucket + "/";
  const auto found = source.starts_with(own)
                         ? objects_.find(percent_decoded_path(source.substr(own.size())).value_or(""))
                         : objects_.end();
  if (found == objects_.end()) return error(404, "NoSuchKey");
  Object made = found->second;
  if (asked.header("x-amz-copy-source-if-match") != "\"" + made.etag + "\"")
    return error(412, "PreconditionFailed");
  if (options_.breaks_copies) return {200, {}, "<Error><Code>InternalError</Code></Error>", {}};
  made.modified_at = now();
  const std::string etag = made.etag;
  objects_.insert_or_assign(asked.key, std::move(made));
  return {200, {}, "<CopyObjectResult><ETag>\"" + etag + "\"</ETag></CopyObjectResult>", {}};
}

io::HttpResponse FakeS3::put(const Asked& asked) {
  const std::string source = asked.header("x-amz-copy-source");
  if (!source.empty()) return copy(asked, source);
  if (!asked.header("If-None-Match").empty()) {
    if (!options_.knows_if_none_match) return error(501, "NotImplemented");
    if (options_.honours_if_none_match && objects_.contains(asked.key))
      return error(412, "PreconditionFailed");
  }
  Object made{asked.request.body, io::hex(io::md5(asked.request.body)), {}, now()};
  for (const io::HttpHeader& header : asked.request.headers) {
    const std::string name = lower(header.name);
    if (name.starts_with("x-amz-meta-") && options_.keeps_metadata) made.metadata[name] = header.value;
  }
  const std::string etag = made.etag;
  objects_.insert_or_assign(asked.key, std::move(made));
  return {200, {{"ETag", "\"" + etag + "\""}}, {}, {}};
}

io::HttpResponse FakeS3::get(const Asked& asked) {
  const auto found = objects_.find(asked.key);
  if (found == objects_.end()) return error(404, "NoSuchKey");
  const Object& object = found->second;
  io::HttpResponse made{
      200,
      {{"ETag", "\"" + object.etag + "\""}, {"Last-Modified", cloud::format_http_date(object.modified_at)}},
      {},
      {}};
  for (const auto& [name, value] : object.metadata) made.headers.push_back({name, value});
  const std::string range = asked.header("Range");
  if (range.empty()) {
    made.body = object.bytes;
    if (options_.gives_checksums)
      made.headers.push_back({"x-amz-checksum-sha256", io::base64(io::sha256(object.bytes))});
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
  return made;
}

io::HttpResponse FakeS3::list(const Asked& asked) {
  const auto parameter = [&](const char* name) {
    const auto found = asked.parameters.find(name);
    return found == asked.parameters.end() ? std::string() : found->second;
  };
  const std::string prefix = parameter("prefix");
  const std::string after = std::max(parameter("start-after"), parameter("continuation-token"));
  const std::size_t wanted = std::min<std::size_t>(options_.page_max, std::stoull(parameter("max-keys")));
  std::string entries;
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  auto next = after < prefix ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
  for (; next != objects_.end() && next->first.starts_with(prefix); ++next) {
    truncated = count == wanted;
    if (truncated) break;
    ++count;
    last = next->first;
    entries += "<Contents><Key>" + io::percent_encode(last) + "</Key><LastModified>" +
               format_utc(next->second.modified_at) + "</LastModified><Size>" +
               std::to_string(next->second.bytes.size()) + "</Size></Contents>";
  }
  std::string body =
      "<ListBucketResult><IsTruncated>" + std::string(truncated ? "true" : "false") + "</IsTruncated>";
  if (truncated) body += "<NextContinuationToken>" + last + "</NextContinuationToken>";
  return {200, {}, body + entries + "</ListBucketResult>", {}};
}

io::HttpResponse FakeS3::begin_upload(const Asked& asked) {
  const std::string id = "upload-" + std::to_string(requests());
  uploads_[id].key = asked.key;
  return {200,
          {},
          "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>",
          {}};
}

io::HttpResponse FakeS3::take_part(const Asked& asked) {
  const auto found = uploads_.find(asked.parameters.at("uploadId"));
  if (found == uploads_.end()) return error(404, "NoSuchUpload");
  found->second.parts[std::stoi(asked.parameters.at("partNumber"))] = asked.request.body;
  return {200, {{"ETag", "\"" + io::hex(io::md5(asked.request.body)) + "\""}}, {}, {}};
}

io::HttpResponse FakeS3::complete_upload(const Asked& asked) {
  const auto found = uploads_.find(asked.parameters.at("uploadId"));
  if (found == uploads_.end()) return error(404, "NoSuchUpload");
  std::string bytes;
  std::string digests;
  int number = 0;
  for (const auto& [part, content] : found->second.parts) {
    const std::string named = "<PartNumber>" + std::to_string(++number) + "</PartNumber><ETag>\"" +
                              io::hex(io::md5(content)) + "\"";
    if (part != number || asked.request.body.find(named) == std::string::npos)
      return error(400, "InvalidPart");
    bytes += content;
    digests += io::md5(content);
  }
  const std::string etag = io::hex(io::md5(digests)) + "-" + std::to_string(number);
  objects_.insert_or_assign(asked.key, Object{std::move(bytes), etag, {}, now()});
  uploads_.erase(found);
  return {200, {}, "<CompleteMultipartUploadResult/>", {}};
}

io::HttpResponse FakeS3::remove(const Asked& asked) {
  if (asked.has("uploadId")) {
    uploads_.erase(asked.parameters.at("uploadId"));
  } else {
    objects_.erase(asked.key);
  }
  return {204, {}, {}, {}};
}

}  // namespace tradewind::objectstore
