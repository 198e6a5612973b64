#include "edge/objectstore/sigv4.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/hash.h"

namespace tradewind::objectstore {
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
  const std::string canonical = request.method + "\n" + request.path + "\n" + canonical_query(request.query) +
                                "\n" + headers.lines + "\n" + headers.signed_names + "\n" +
                                request.payload_sha256;
  const std::string moment = amz_date(now);
  const std::string day = moment.substr(0, 8);
  const std::string scope = day + "/" + key.region + "/" + key.service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + moment + "\n" + scope + "\n" + hex(sha256(canonical));
  std::string derived = hmac_sha256("AWS4" + key.secret_access_key, day);
  for (const std::string& step : {key.region, key.service, std::string("aws4_request")}) {
    derived = hmac_sha256(derived, step);
  }
  return "AWS4-HMAC-SHA256 Credential=" + key.access_key_id + "/" + scope +
         ",SignedHeaders=" + headers.signed_names + ",Signature=" + hex(hmac_sha256(derived, to_sign));
}

}  // namespace tradewind::objectstore
