// One API of a cloud over HTTP: its calls are signed, sent, held to a rate, and repeated where that is of
// use.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/rate_limit.h"
#include "edge/cloud/retry.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

// What an answer means for the next step.
enum class Verdict {
  answer,     // also a refusal that repeating does not cure: of capacity, quota, rights, arguments
  throttled,  // the same, later: nothing was done
  passing,    // the server failed: the same, later; it may have had its effect
  identity,   // who we are was not taken: once more by another clock, or by other credentials
};

// Sends one request and waits for its answer; errors as HttpClient::send's. Stands in the network's place in
// tests, and is wrapped to be recorded (exchange_record.h).
using Transport = std::function<Result<io::HttpResponse>(const io::HttpEndpoint&, const io::HttpRequest&)>;
// Over that pool. REQUIRES: it outlives the transport.
Transport over(io::HttpPool& pool, Duration reply_patience);

struct ApiRules {
  std::string service;  // "EC2 in us-east-1", for errors
  io::HttpEndpoint endpoint;
  // Adds who we are. `now` is the server's time, as far as it is known.
  std::function<Status(io::HttpRequest&, Time now)> sign;
  std::function<Verdict(const io::HttpResponse&)> judge;
  std::function<void()> forget_identity = [] {};
  RetryTuning retry = {};
  RateTuning rate = {};
  // Repeats over all calls, so that a service that is down is not hammered: each takes one, each success
  // gives a part back. With none left, a failure passes at once.
  double repeats_max = 20;
  double repeats_per_success = 0.2;
};

struct ApiAnswer {
  io::HttpResponse response;
  bool earlier_unknown = false;  // an earlier attempt may have had its effect
};

// "1.5 s" of Retry-After, in seconds or as a date. Nothing where it does not say.
std::optional<Duration> retry_after(const std::vector<io::HttpHeader>& headers, Time now);
// What the service calls this request: by the headers that clouds put it into. "" where there is none.
std::string request_id(const std::vector<io::HttpHeader>& headers);

// Safe from several threads at once.
class ApiClient {
 public:
  using Sleep = std::function<void(Duration)>;
  // `clock` outlives this.
  ApiClient(ApiRules rules, const Clock& clock, Transport transport, Sleep sleep);

  // `what` names the call in errors: "RunInstances". Waits are jittered and honour Retry-After. rate_limited:
  // throttled for longer than the patience; unavailable: no answer within the budget (after a call that
  // changes something its outcome is unknown); unauthorized: no credentials, or a certificate that is not
  // believed.
  Result<ApiAnswer> call(const std::string& what, const io::HttpRequest& request);

 private:
  struct Tried;
  Result<io::HttpResponse> send(const io::HttpRequest& request);
  bool cure(const io::HttpResponse& answer, Tried& tried);
  bool may_repeat(Tried& tried, Duration at_least);
  void succeeded();
  Error given_up(const std::string& what, const Tried& tried) const;
  Duration skew() const;

  const ApiRules rules_;
  const Clock& clock_;
  const Transport transport_;
  const Sleep sleep_;
  RateLimit rate_;
  Jitter jitter_;
  mutable std::mutex mutex_;
  double repeats_;   // protected by mutex_
  Duration skew_{};  // the server's clock less ours; protected by mutex_
};

// Waits on this thread.
void sleep_for(Duration span);

}  // namespace tradewind::cloud
