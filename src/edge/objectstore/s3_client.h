// One bucket's requests: signed, sent, and repeated where that is of use.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cloud/aws/aws_credentials.h"
#include "edge/cloud/aws/sigv4.h"
#include "edge/io/http_pool.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/s3_answer.h"
#include "edge/objectstore/s3_error.h"
#include "edge/objectstore/s3_url.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

struct S3Call {
  S3Purpose purpose;
  std::string method;
  std::string key;  // within the bucket; "" for the bucket itself
  cloud::Query query = {};
  std::vector<io::HttpHeader> headers = {};  // those of the call: signed too
  std::string_view body = {};
  bool with_checksum = false;  // the server keeps the body's SHA-256, and tells it with the object
};

struct S3Answer {
  io::HttpResponse response;
  S3Problem problem;               // of a status of 400 and above
  cloud::AwsCredentials identity;  // who asked
  std::string region;              // that was signed for
  bool earlier_unknown = false;    // an earlier attempt may have had its effect

  bool done() const { return response.status >= 200 && response.status < 300; }
  std::string_view header(std::string_view name) const { return io::header_of(response.headers, name); }
};

// Safe from several threads at once.
class S3Client {
 public:
  // REQUIRES: a region in `url`.
  S3Client(S3Url url, cloud::AwsSettings settings, StoreTuning tuning);

  // Any status that repeating does not cure is an answer. Repeated with jittered waits: connections that
  // failed, 429, 5xx, 409 of a race, RequestTimeout. Cured once each and repeated: another region, a clock
  // that differs, a session that has expired. unavailable: no answer within the budget (after a call that
  // changes something: its outcome is unknown); unauthorized: no credentials, or a certificate that is not
  // believed.
  Result<S3Answer> call(const S3Call& call);
  // What an answer that is not done() means.
  Error error_of(const S3Call& call, const S3Answer& answer) const;

  // Whoever has this URL may read the object, for that long and no longer than the credentials hold: so
  // machines fetch what they are not to have a key for. Nothing is asked of the server. unauthorized: no
  // credentials.
  Result<std::string> read_url(const std::string& key, Duration lifetime);

  const S3Url& url() const { return url_; }
  const StoreTuning& tuning() const { return tuning_; }
  std::string region() const;

 private:
  struct Cures;
  struct Learned {
    std::string region;
    Duration skew{};  // the server's clock less ours
  };
  enum class Next { answer, repeat_now, repeat_later };
  io::HttpRequest request_of(const S3Call& call, const std::string& payload_sha256,
                             const cloud::AwsCredentials& identity, const Learned& learned,
                             const S3Address& address) const;
  Next judge(const S3Answer& answer, cloud::Attempts& attempts, Cures& cures);
  bool follow_region(const S3Answer& answer, Cures& cures);
  bool follow_clock(const S3Answer& answer, Cures& cures);
  Learned learned() const;
  S3Address address_in(const std::string& region) const;

  const S3Url url_;
  const StoreTuning tuning_;
  const io::SystemClock clock_;
  io::HttpPool http_;
  cloud::AwsCredentialChain credentials_;
  cloud::Jitter jitter_;
  mutable std::mutex mutex_;
  Learned learned_;  // protected by mutex_
};

}  // namespace tradewind::objectstore
