// One bucket's requests: authorized, sent, and repeated where that is of use.
// https://cloud.google.com/storage/docs/json_api
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cloud/google/google_credentials.h"
#include "edge/cloud/google/google_problem.h"
#include "edge/cloud/query.h"
#include "edge/io/http_pool.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/gcs/gcs_answer.h"
#include "edge/objectstore/gcs/gcs_error.h"
#include "edge/objectstore/gcs/gcs_url.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

struct GcsCall {
  GcsPurpose purpose;
  std::string method;
  std::string key;     // within the bucket, for errors; "" for the bucket itself
  std::string target;  // path, percent-encoded; of a session also its query
  cloud::Query query = {};
  std::vector<io::HttpHeader> headers = {};
  std::string_view body = {};
};

struct GcsAnswer {
  io::HttpResponse response;
  cloud::GoogleProblem problem;        // of a status of 300 and above
  cloud::GoogleCredential credential;  // what was asked with
  bool earlier_unknown = false;        // an earlier attempt may have had its effect

  bool done() const { return response.status >= 200 && response.status < 300; }
  std::string_view header(std::string_view name) const { return io::header_of(response.headers, name); }
};

// Safe from several threads at once.
class GcsClient {
 public:
  GcsClient(GcsUrl url, cloud::Variables environment, StoreTuning tuning);

  // Any status that repeating does not cure is an answer. Repeated with jittered waits: connections that
  // failed, 408, 429, 5xx, tokens that could not be had, bodies that changed on their way. Cured once and
  // repeated: a token that the server does not take. unavailable: no answer within the budget (after a call
  // that changes something: its outcome is unknown); unauthorized: no credentials, a token that would travel
  // in the open, or a certificate that is not believed.
  Result<GcsAnswer> call(const GcsCall& call);
  // The same, but one attempt, for whoever knows what to do about its failure. Its errors: those of the
  // connection, or of the credentials.
  Result<GcsAnswer> attempt(const GcsCall& call);
  // What a failed connection means to whoever asked for a bucket.
  Error connection_error(Error error) const;
  // What an answer that is not done() means. Where a 404 does not say whether it is the bucket that is
  // missing, and nothing was found there yet, the bucket is asked: servers that stand in for Google's do not
  // say.
  Error error_of(const GcsCall& call, const GcsAnswer& answer);
  // Would the same request be answered otherwise later?
  static bool passes(const GcsAnswer& answer);

  // "/storage/v1/b/BUCKET/o/KEY", "/storage/v1/b/BUCKET/o", "/upload/storage/v1/b/BUCKET/o"
  std::string object_path(const std::string& key) const;
  std::string list_path() const;
  std::string upload_path() const;
  // "userProject", where the URL says who pays.
  cloud::Query payer() const;

  std::string server() const { return io::to_text(address_); }
  cloud::Attempts attempts() { return {tuning_, clock_, jitter_}; }
  const GcsUrl& url() const { return url_; }
  const StoreTuning& tuning() const { return tuning_; }

 private:
  io::HttpRequest request_of(const GcsCall& call, const cloud::GoogleCredential& credential) const;
  Status check_secrecy(const cloud::GoogleCredential& credential) const;
  Result<GcsAnswer> send(const GcsCall& call, const cloud::GoogleCredential& credential);
  Result<bool> has_bucket();

  const GcsUrl url_;
  const io::HttpEndpoint address_;
  const StoreTuning tuning_;
  const io::SystemClock clock_;
  io::HttpPool http_;
  cloud::GoogleCredentialChain credentials_;
  cloud::Jitter jitter_;
  std::atomic<bool> bucket_seen_{false};  // some answer came from within it
};

}  // namespace tradewind::objectstore
