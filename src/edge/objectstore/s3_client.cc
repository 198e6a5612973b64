#include "edge/objectstore/s3_client.h"

#include <optional>

#include "edge/cloud/http_date.h"
#include "edge/io/hash.h"
#include "edge/objectstore/percent_path.h"

namespace tradewind::objectstore {
namespace {

bool passes(const S3Answer& answer) {
  const int status = answer.response.status;
  const std::string& code = answer.problem.code;
  if (status == 409) return code == "ConditionalRequestConflict" || code == "OperationAborted";
  return cloud::status_passes(status) || (status < 500 && (code == "RequestTimeout" || code == "SlowDown"));
}

bool has_expired(const S3Answer& answer) {
  const std::string& code = answer.problem.code;
  return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "TokenRefreshRequired";
}

}  // namespace

// What is cured once in a call.
struct S3Client::Cures {
  bool region = false;
  bool clock = false;
  bool session = false;
};

S3Client::S3Client(S3Url url, cloud::AwsSettings settings, StoreTuning tuning)
    : url_(std::move(url)),
      tuning_(tuning),
      http_(pool_options(tuning_)),
      credentials_(std::move(settings), clock_, http_),
      learned_{url_.region, {}} {}

S3Client::Learned S3Client::learned() const {
  const std::lock_guard lock(mutex_);
  return learned_;
}

std::string S3Client::region() const {
  return learned().region;
}

S3Address S3Client::address_in(const std::string& region) const {
  S3Url there = url_;
  there.region = region;
  return address_of(there);
}

io::HttpRequest S3Client::request_of(const S3Call& call, const std::string& payload_sha256,
                                     const cloud::AwsCredentials& identity, const Learned& learned,
                                     const S3Address& address) const {
  const Time now = clock_.now() + learned.skew;
  cloud::SignableRequest signable{call.method, address.path + percent_encoded_path(call.key), call.query,
                                  call.headers, io::hex(payload_sha256)};
  if (call.with_checksum) signable.headers.push_back({"x-amz-checksum-sha256", io::base64(payload_sha256)});
  signable.headers.push_back({"Host", io::host_header(address.endpoint)});
  signable.headers.push_back({"x-amz-date", cloud::amz_date(now)});
  signable.headers.push_back({"x-amz-content-sha256", signable.payload_sha256});
  if (!identity.session_token.empty()) {
    signable.headers.push_back({"x-amz-security-token", identity.session_token});
  }
  const cloud::SigningKey key{identity.access_key_id, identity.secret_access_key, learned.region};
  io::HttpRequest request{call.method, signable.path, std::move(signable.headers)};
  request.borrowed_body = call.body;
  request.headers.push_back(
      {"Authorization",
       cloud::sigv4_authorization(
           {call.method, signable.path, call.query, request.headers, signable.payload_sha256}, key, now)});
  if (!call.query.empty()) request.target += "?" + cloud::canonical_query(call.query);
  return request;
}

Result<std::string> S3Client::read_url(const std::string& key, Duration lifetime) {
  TW_ASSIGN_OR_RETURN(const cloud::AwsCredentials identity, credentials_.get());
  const Learned learned = this->learned();
  const S3Address address = address_in(learned.region);
  const std::string path = address.path + percent_encoded_path(key);
  const std::string host = io::host_header(address.endpoint);
  const std::string query = cloud::sigv4_presigned_query(
      {"GET", host, path, identity.session_token, lifetime},
      {identity.access_key_id, identity.secret_access_key, learned.region}, clock_.now() + learned.skew);
  return (address.endpoint.tls ? "https://" : "http://") + host + path + "?" + query;
}

// Wrong only once in a call: a server that sends us back and forth is answered with its own error.
bool S3Client::follow_region(const S3Answer& answer, Cures& cures) {
  const int status = answer.response.status;
  if (cures.region || (status != 301 && status != 307 && status != 400 && status != 403)) return false;
  std::string region(answer.header("x-amz-bucket-region"));
  if (region.empty() && status != 403) region = answer.problem.region;
  if (region.empty() || region == answer.region) return false;
  cures.region = true;
  const std::lock_guard lock(mutex_);
  learned_.region = region;
  return true;
}

bool S3Client::follow_clock(const S3Answer& answer, Cures& cures) {
  if (cures.clock || answer.problem.code != "RequestTimeTooSkewed") return false;
  const std::optional<Duration> ahead = cloud::server_ahead(answer.response.headers, clock_.now());
  if (!ahead) return false;
  cures.clock = true;
  const std::lock_guard lock(mutex_);
  learned_.skew = *ahead;
  return true;
}

S3Client::Next S3Client::judge(const S3Answer& answer, cloud::Attempts& attempts, Cures& cures) {
  if (answer.done()) return Next::answer;
  if (follow_region(answer, cures) || follow_clock(answer, cures)) return Next::repeat_now;
  if (has_expired(answer) && !cures.session) {
    cures.session = true;
    credentials_.forget(answer.identity.access_key_id);
    return Next::repeat_now;
  }
  if (!passes(answer)) return Next::answer;
  // A server that failed may have done its work before.
  if (answer.response.status >= 500) attempts.note_unknown();
  return Next::repeat_later;
}

Result<S3Answer> S3Client::call(const S3Call& call) {
  cloud::Attempts attempts(tuning_, clock_, jitter_);
  Cures cures;
  const std::string payload_sha256 = io::sha256(call.body);
  for (;;) {
    TW_ASSIGN_OR_RETURN(const cloud::AwsCredentials identity, credentials_.get());
    const Learned known = learned();
    const S3Address address = address_in(known.region);
    attempts.begin();
    Result<io::HttpResponse> response =
        http_.send(address.endpoint, request_of(call, payload_sha256, identity, known, address));
    if (!response.ok()) {
      std::optional<Error> error = attempts.failed(response.error());
      if (!error) continue;
      error->message = "bucket '" + url_.bucket + "': " + error->message;
      if (response.error().code == Code::not_found) error->hint = "is the endpoint of the URL right?";
      return *std::move(error);
    }
    S3Answer answer{*std::move(response), {}, identity, known.region};
    if (!answer.done()) answer.problem = parse_s3_problem(answer.response.body);
    const Next next = judge(answer, attempts, cures);
    if (next == Next::repeat_now || (next == Next::repeat_later && attempts.wait())) continue;
    answer.earlier_unknown = attempts.unknown();
    return answer;
  }
}

Error S3Client::error_of(const S3Call& call, const S3Answer& answer) const {
  S3Refusal refusal{call.purpose,
                    to_text(url_),
                    url_.bucket,
                    call.key,
                    io::to_text(address_in(answer.region).endpoint),
                    answer.region,
                    answer.identity.access_key_id,
                    answer.identity.source,
                    answer.response.status,
                    answer.problem};
  if (refusal.problem.region.empty()) refusal.problem.region = answer.header("x-amz-bucket-region");
  if (refusal.problem.region == answer.region) refusal.problem.region.clear();
  Error error = s3_error(refusal);
  if (answer.region != url_.region)
    error.message += " (where the server sent us; the URL led to " + url_.region + ")";
  const std::string_view id = answer.header("x-amz-request-id");
  if (error.code != Code::not_found && !id.empty()) error.message += " [request " + std::string(id) + "]";
  return error;
}

}  // namespace tradewind::objectstore
