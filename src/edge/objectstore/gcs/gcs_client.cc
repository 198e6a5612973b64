#include "edge/objectstore/gcs/gcs_client.h"

#include <optional>

#include "edge/cloud/service_address.h"
#include "edge/io/http_target.h"

namespace tradewind::objectstore {

GcsClient::GcsClient(GcsUrl url, cloud::Variables environment, StoreTuning tuning)
    : url_(std::move(url)),
      address_(address_of(url_)),
      tuning_(tuning),
      http_(pool_options(tuning_)),
      credentials_(std::move(environment), is_anonymous(url_), clock_, http_) {}

std::string GcsClient::object_path(const std::string& key) const {
  return list_path() + "/" + io::percent_encode(key);
}

std::string GcsClient::list_path() const {
  return "/storage/v1/b/" + url_.bucket + "/o";
}

std::string GcsClient::upload_path() const {
  return "/upload" + list_path();
}

cloud::Query GcsClient::payer() const {
  return url_.project.empty() ? cloud::Query() : cloud::Query{{"userProject", url_.project}};
}

bool GcsClient::passes(const GcsAnswer& answer) {
  const cloud::GoogleProblem& problem = answer.problem;
  const int status = answer.response.status;
  const bool hurried = problem.reason == "rateLimitExceeded" || problem.reason == "userRateLimitExceeded";
  return cloud::status_passes(status) || (status == 403 && hurried) ||
         (status == 400 && problem.message.find("doesn't match calculated") != std::string::npos);
}

io::HttpRequest GcsClient::request_of(const GcsCall& call, const cloud::GoogleCredential& credential) const {
  io::HttpRequest request{call.method, call.target, call.headers};
  request.borrowed_body = call.body;
  request.headers.push_back({"Host", io::host_header(address_)});
  if (!credential.token.empty()) request.headers.push_back({"Authorization", "Bearer " + credential.token});
  if (!credential.quota_project.empty() && url_.project.empty()) {
    request.headers.push_back({"x-goog-user-project", credential.quota_project});
  }
  if (!call.query.empty()) request.target += "?" + cloud::canonical_query(call.query);
  return request;
}

// A token is all that it takes to be us.
Status GcsClient::check_secrecy(const cloud::GoogleCredential& credential) const {
  if (credential.token.empty() || address_.tls || cloud::is_loopback(address_)) return {};
  return Error{Code::unauthorized,
               io::to_text(address_) + " is reached without TLS: the token of " + credential.source +
                   " is not sent there in the open",
               "use an https endpoint"};
}

Result<GcsAnswer> GcsClient::send(const GcsCall& call, const cloud::GoogleCredential& credential) {
  TW_ASSIGN_OR_RETURN(io::HttpResponse response, http_.send(address_, request_of(call, credential)));
  GcsAnswer answer{std::move(response), {}, credential};
  if (answer.response.status >= 300) answer.problem = cloud::parse_google_problem(answer.response.body);
  if (answer.done()) bucket_seen_ = true;
  return answer;
}

Result<GcsAnswer> GcsClient::attempt(const GcsCall& call) {
  for (bool renewed = false;; renewed = true) {
    TW_ASSIGN_OR_RETURN(const cloud::GoogleCredential credential, credentials_.get());
    TW_RETURN_IF_ERROR(check_secrecy(credential));
    Result<GcsAnswer> answer = send(call, credential);
    // A token that was withdrawn, or has ended on the way: nothing was done, and another may do.
    const bool refused = answer.ok() && answer->response.status == 401 && !credential.token.empty();
    if (!refused || renewed) return answer;
    credentials_.forget(credential);
  }
}

Error GcsClient::connection_error(Error error) const {
  error.message = "bucket '" + url_.bucket + "': " + error.message;
  if (error.hint.empty()) {
    error.hint = url_.endpoint ? "is the endpoint right, and the server up?" : "is the network up?";
  }
  return error;
}

Result<GcsAnswer> GcsClient::call(const GcsCall& call) {
  cloud::Attempts tried = attempts();
  for (;;) {
    tried.begin();
    Result<GcsAnswer> answer = attempt(call);
    if (!answer.ok()) {
      const std::optional<Error> error = tried.failed(answer.error());
      if (!error) continue;
      return connection_error(*error);
    }
    // A server that failed may have done its work before.
    if (answer->response.status >= 500) tried.note_unknown();
    if (!answer->done() && passes(*answer) && tried.wait()) continue;
    answer->earlier_unknown = tried.unknown();
    return answer;
  }
}

Result<bool> GcsClient::has_bucket() {
  if (bucket_seen_) return true;
  GcsCall any{gcs_list, "GET", "", list_path(), payer()};
  any.query.emplace_back("maxResults", "1");
  any.query.emplace_back("fields", "kind");
  TW_ASSIGN_OR_RETURN(const GcsAnswer answer, call(any));
  if (passes(answer)) return Error{Code::unavailable, "the bucket could not be asked"};
  // One that may not be listed is there, as far as can be told.
  return answer.response.status != 404;
}

Error GcsClient::error_of(const GcsCall& call, const GcsAnswer& answer) {
  GcsRefusal refusal{call.purpose,      to_text(url_),          url_.bucket,
                     call.key,          io::to_text(address_),  url_.project,
                     answer.credential, answer.response.status, answer.problem};
  // A write finds no object missing.
  const bool missing = refusal.status == 404 && !call.key.empty() && call.method != "POST";
  if (missing && gcs_missing(refusal.problem) == GcsMissing::unclear) {
    const Result<bool> there = has_bucket();
    if (!there.ok()) return there.error();
    if (*there) refusal.problem.message = "No such object";
  }
  Error error = gcs_error(refusal);
  const std::string_view id = answer.header("X-GUploader-UploadID");
  if (error.code != Code::not_found && !id.empty()) {
    error.message += " [request " + std::string(id.substr(0, 100)) + "]";
  }
  return error;
}

}  // namespace tradewind::objectstore
