#include "edge/cloud/aws/sigv4.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {
namespace {

// Outer spaces go, inner runs become one.
std::string folded(std::string_view value) {
  std::string text;
  for (const char c : trim(value)) {
    if (c != ' ' || text.empty() || text.back() != ' ') text += c;
  }
  return text;
}

struct CanonicalHeaders {
  std::string lines;         // "host:x\nx-amz-date:y\n"
  std::string signed_names;  // "host;x-amz-date"
};

CanonicalHeaders canonical_headers(const std::vector<io::HttpHeader>& headers) {
  std::map<std::string, std::string> sorted;
  for (const io::HttpHeader& header : headers) {
    const auto [place, fresh] = sorted.try_emplace(lower(header.name), folded(header.value));
    if (!fresh) place->second += "," + folded(header.value);
  }
  CanonicalHeaders made;
  for (const auto& [name, value] : sorted) {
    made.lines.append(name).append(":").append(value).append("\n");
    made.signed_names.append(made.signed_names.empty() ? "" : ";").append(name);
  }
  return made;
}

// S3's keys may hold any path; elsewhere it is put into its plain form, and encoded once more.
std::string canonical_path(const std::string& path, const std::string& service) {
  if (service == "s3") return path;
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(io::percent_encode(part));
  }
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return "/" + join(parts, "/") + (folder && !parts.empty() ? "/" : "");
}

std::string scope_of(const SigningKey& key, Time now) {
  return amz_date(now).substr(0, 8) + "/" + key.region + "/" + key.service + "/aws4_request";
}

std::string signature(const std::string& canonical, const SigningKey& key, Time now) {
  const std::string moment = amz_date(now);
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + moment + "\n" + scope_of(key, now) + "\n" + io::hex(io::sha256(canonical));
  std::string derived = io::hmac_sha256("AWS4" + key.secret_access_key, moment.substr(0, 8));
  for (const std::string& step : {key.region, key.service, std::string("aws4_request")}) {
    derived = io::hmac_sha256(derived, step);
  }
  return io::hex(io::hmac_sha256(derived, to_sign));
}

}  // namespace

std::string amz_date(Time now) {
  std::string text;
  for (const char c : format_utc(std::chrono::floor<std::chrono::seconds>(now)).substr(0, 19)) {
    if (c != '-' && c != ':') text += c;
  }
  return text + "Z";
}

std::string sigv4_authorization(const SignableRequest& request, const SigningKey& key, Time now) {
  const CanonicalHeaders headers = canonical_headers(request.headers);
  const std::string canonical = request.method + "\n" + canonical_path(request.path, key.service) + "\n" +
                                canonical_query(request.query) + "\n" + headers.lines + "\n" +
                                headers.signed_names + "\n" + request.payload_sha256;
  return "AWS4-HMAC-SHA256 Credential=" + key.access_key_id + "/" + scope_of(key, now) +
         ",SignedHeaders=" + headers.signed_names + ",Signature=" + signature(canonical, key, now);
}

std::string sigv4_presigned_query(const PresignRequest& request, const SigningKey& key, Time now) {
  Query query = {
      {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
      {"X-Amz-Credential", key.access_key_id + "/" + scope_of(key, now)},
      {"X-Amz-Date", amz_date(now)},
      {"X-Amz-Expires", std::to_string(std::chrono::floor<std::chrono::seconds>(request.lifetime).count())},
      {"X-Amz-SignedHeaders", "host"}};
  if (!request.session_token.empty()) query.emplace_back("X-Amz-Security-Token", request.session_token);
  const std::string text = canonical_query(query);
  const std::string canonical = request.method + "\n" + canonical_path(request.path, key.service) + "\n" +
                                text + "\nhost:" + request.host + "\n\nhost\nUNSIGNED-PAYLOAD";
  return text + "&X-Amz-Signature=" + signature(canonical, key, now);
}

}  // namespace tradewind::cloud
