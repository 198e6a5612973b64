// One container's requests: authorized, sent, and repeated where that is of use.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cloud/query.h"
#include "edge/io/http_pool.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/azblob_answer.h"
#include "edge/objectstore/azblob_credentials.h"
#include "edge/objectstore/azblob_error.h"
#include "edge/objectstore/azblob_url.h"
#include "edge/objectstore/store_tuning.h"

namespace tradewind::objectstore {

struct AzblobCall {
  AzblobPurpose purpose;
  std::string method;
  std::string key;  // within the container; "" for the container itself
  cloud::Query query = {};
  std::vector<io::HttpHeader> headers = {};
  std::string_view body = {};
};

struct AzblobAnswer {
  io::HttpResponse response;
  AzblobProblem problem;         // of a status of 400 and above
  AzblobCredential credential;   // what was asked with
  bool earlier_unknown = false;  // an earlier attempt may have had its effect

  bool done() const { return response.status >= 200 && response.status < 300; }
  std::string_view header(std::string_view name) const { return io::header_of(response.headers, name); }
};

// Safe from several threads at once.
class AzblobClient {
 public:
  // REQUIRES: an account in `url`.
  AzblobClient(AzblobUrl url, AzblobSettings settings, StoreTuning tuning);

  // Any status that repeating does not cure is an answer. Repeated with jittered waits: connections that
  // failed, 408, 429, 5xx, tokens that could not be had, bodies that changed on their way. Cured once each
  // and repeated: a clock that differs, a token that the server does not take. unavailable: no answer within
  // the budget (after a call that changes something: its outcome is unknown); unauthorized: no credentials, a
  // secret that would travel in the open, or a certificate that is not believed.
  Result<AzblobAnswer> call(const AzblobCall& call);
  // What an answer that is not done() means.
  Error error_of(const AzblobCall& call, const AzblobAnswer& answer) const;

  // "https://account.blob.core.windows.net/container": what a key follows after a slash.
  std::string container_url() const;
  // The same up to the account.
  std::string account_url() const;
  const AzblobUrl& url() const { return url_; }
  const StoreTuning& tuning() const { return tuning_; }

 private:
  struct Cures;
  enum class Next { answer, repeat_now, repeat_later };
  io::HttpRequest request_of(const AzblobCall& call, const AzblobCredential& credential, Time now) const;
  Status check_secrecy(const AzblobCredential& credential) const;
  Next judge(const AzblobAnswer& answer, cloud::Attempts& attempts, Cures& cures);
  bool follow_clock(const AzblobAnswer& answer, Cures& cures);
  bool renew(const AzblobAnswer& answer, Cures& cures);
  Duration skew() const;

  const AzblobUrl url_;
  const AzureEndpoint address_;
  const StoreTuning tuning_;
  const io::SystemClock clock_;
  io::HttpPool http_;
  AzblobCredentialChain credentials_;
  cloud::Jitter jitter_;
  mutable std::mutex mutex_;
  Duration skew_{};  // the server's clock less ours; protected by mutex_
};

}  // namespace tradewind::objectstore
