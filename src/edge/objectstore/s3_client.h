// One bucket's requests: signed, sent, and repeated where that is of use.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "edge/io/http_pool.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/aws_credentials.h"
#include "edge/objectstore/s3_answer.h"
#include "edge/objectstore/s3_error.h"
#include "edge/objectstore/s3_url.h"
#include "edge/objectstore/sigv4.h"

namespace tradewind::objectstore {

// How long is waited, and how large things are sent. The defaults are for real networks; tests are hasty.
struct S3Tuning {
  int attempts_max = 8;
  Duration delay_first{100};  // full jitter: a wait is anything up to it, doubled each time
  Duration delay_max{5'000};
  Duration patience{60'000};        // no further attempt begins after it
  Duration reply_patience{60'000};  // of one attempt
  std::size_t multipart_from = std::size_t{16} << 20;
  std::size_t part_bytes = std::size_t{8} << 20;  // at least 5 MiB at Amazon
  unsigned parts_at_once = 4;
};

struct S3Call {
  S3Purpose purpose;
  std::string method;
  std::string key;  // within the bucket; "" for the bucket itself
  Query query = {};
  std::vector<io::HttpHeader> headers = {};  // those of the call: signed too
  std::string_view body = {};
};

struct S3Answer {
  io::HttpResponse response;
  S3Problem problem;             // of a status of 400 and above
  AwsCredentials identity;       // who asked
  std::string region;            // that was signed for
  bool earlier_unknown = false;  // an earlier attempt may have had its effect

  bool done() const { return response.status >= 200 && response.status < 300; }
  std::string_view header(std::string_view name) const { return io::header_of(response.headers, name); }
};

// Safe from several threads at once.
class S3Client {
 public:
  // REQUIRES: a region in `url`.
  S3Client(S3Url url, AwsSettings settings, S3Tuning tuning);

  // Any status that repeating does not cure is an answer. Repeated with jittered waits: connections that
  // failed, 429, 5xx, 409 of a race, RequestTimeout. Cured once each and repeated: another region, a clock
  // that differs, a session that has expired. unavailable: no answer within the budget (after a call that
  // changes something: its outcome is unknown); unauthorized: no credentials, or a certificate that is not
  // believed.
  Result<S3Answer> call(const S3Call& call);
  // What an answer that is not done() means.
  Error error_of(const S3Call& call, const S3Answer& answer) const;

  const S3Url& url() const { return url_; }
  const S3Tuning& tuning() const { return tuning_; }
  std::string region() const;
  // 32 random hex digits.
  std::string random_mark();

 private:
  struct Attempts;
  struct Learned {
    std::string region;
    Duration skew{};  // the server's clock less ours
  };
  enum class Next { answer, repeat_now, repeat_later };
  io::HttpRequest request_of(const S3Call& call, const AwsCredentials& identity, const Learned& learned,
                             const S3Address& address) const;
  Next judge(const S3Answer& answer, Attempts& attempts);
  bool follow_region(const S3Answer& answer, Attempts& attempts);
  bool follow_clock(const S3Answer& answer, Attempts& attempts);
  bool wait_before_next(Attempts& attempts);
  Learned learned() const;
  S3Address address_in(const std::string& region) const;

  const S3Url url_;
  const S3Tuning tuning_;
  const io::SystemClock clock_;
  io::HttpPool http_;
  AwsCredentialChain credentials_;
  mutable std::mutex mutex_;
  Learned learned_;  // protected by mutex_
  Random random_;    // protected by mutex_
};

}  // namespace tradewind::objectstore
