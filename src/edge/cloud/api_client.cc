#include "edge/cloud/api_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

#include "base/text.h"
#include "edge/cloud/http_date.h"

namespace tradewind::cloud {
namespace {

// Signatures hold for five minutes around their time: what differs by less is not why one was refused.
constexpr Duration skew_noticed = std::chrono::minutes(4);

bool is_unknown(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::corrupt;
}

}  // namespace

// What one call has been through.
struct ApiClient::Tried {
  Duration begun{};
  int made = 0;
  bool unknown = false;
  bool throttled = false;
  bool cured_clock = false;
  bool cured_identity = false;
  std::string last;  // of the last failure, in words
};

Transport over(io::HttpPool& pool, Duration reply_patience) {
  return [&pool, reply_patience](const io::HttpEndpoint& endpoint, const io::HttpRequest& request) {
    return pool.send(endpoint, request, reply_patience);
  };
}

void sleep_for(Duration span) {
  std::this_thread::sleep_for(span);
}

std::optional<Duration> retry_after(const std::vector<io::HttpHeader>& headers, Time now) {
  const std::string_view said = trim(io::header_of(headers, "Retry-After"));
  if (said.empty()) return std::nullopt;
  double seconds = 0;
  const auto [end, problem] = std::from_chars(said.data(), said.data() + said.size(), seconds);
  if (problem == std::errc() && end == said.data() + said.size()) {
    if (!(seconds >= 0) || seconds > 86'400) return std::nullopt;
    return Duration(static_cast<Duration::rep>(seconds * 1000));
  }
  const std::optional<Time> then = parse_http_date(said);
  if (!then) return std::nullopt;
  return std::max(Duration(0), std::chrono::duration_cast<Duration>(*then - now));
}

std::string request_id(const std::vector<io::HttpHeader>& headers) {
  constexpr std::array names = {"x-amzn-requestid", "x-amz-request-id", "x-ms-request-id",
                                "x-ms-correlation-request-id", "x-request-id"};
  for (const char* name : names) {
    const std::string_view id = io::header_of(headers, name);
    if (!id.empty() && id.size() <= 128) return std::string(id);
  }
  return "";
}

ApiClient::ApiClient(ApiRules rules, const Clock& clock, Transport transport, Sleep sleep)
    : rules_(std::move(rules)),
      clock_(clock),
      transport_(std::move(transport)),
      sleep_(std::move(sleep)),
      rate_(rules_.rate),
      repeats_(rules_.repeats_max) {}

Duration ApiClient::skew() const {
  const std::lock_guard lock(mutex_);
  return skew_;
}

void ApiClient::succeeded() {
  const std::lock_guard lock(mutex_);
  repeats_ = std::min(rules_.repeats_max, repeats_ + rules_.repeats_per_success);
}

Result<io::HttpResponse> ApiClient::send(const io::HttpRequest& request) {
  if (const Duration wait = rate_.take(clock_.monotonic()); wait > Duration(0)) sleep_(wait);
  io::HttpRequest signed_request = request;
  signed_request.headers.push_back({"Host", io::host_header(rules_.endpoint)});
  TW_RETURN_IF_ERROR(rules_.sign(signed_request, clock_.now() + skew()));
  return transport_(rules_.endpoint, signed_request);
}

// A clock that is off looks like a wrong key; so it is looked at first.
bool ApiClient::cure(const io::HttpResponse& answer, Tried& tried) {
  const std::optional<Duration> ahead = server_ahead(answer.headers, clock_.now());
  {
    const std::lock_guard lock(mutex_);
    if (!tried.cured_clock && ahead && std::chrono::abs(*ahead - skew_) >= skew_noticed) {
      tried.cured_clock = true;
      skew_ = *ahead;
      return true;
    }
  }
  if (tried.cured_identity) return false;
  tried.cured_identity = true;
  rules_.forget_identity();
  return true;
}

// Waits, and then a further attempt may begin.
bool ApiClient::may_repeat(Tried& tried, Duration at_least) {
  const Duration spent = clock_.monotonic() - tried.begun;
  if (tried.made >= rules_.retry.attempts_max || spent + at_least >= rules_.retry.patience) return false;
  {
    const std::lock_guard lock(mutex_);
    if (repeats_ < 1) return false;
    repeats_ -= 1;
  }
  sleep_(at_least + pause_after(rules_.retry, tried.made, jitter_));
  return true;
}

Error ApiClient::given_up(const std::string& what, const Tried& tried) const {
  const std::string place = rules_.service + ": " + what;
  if (tried.throttled && !tried.unknown)
    return {Code::rate_limited, place + " is throttled: " + tried.last, "it is asked again later"};
  return {Code::unavailable, place + " was not answered: " + tried.last};
}

Result<ApiAnswer> ApiClient::call(const std::string& what, const io::HttpRequest& request) {
  Tried tried;
  tried.begun = clock_.monotonic();
  for (;;) {
    ++tried.made;
    Result<io::HttpResponse> answer = send(request);
    Duration at_least{};
    if (!answer.ok()) {
      const Error& error = answer.error();
      // Nobody listening there now is no reason to give up either.
      const bool nobody = error.code == Code::not_found;
      if (!is_unknown(error) && !nobody) return error;
      tried.unknown = tried.unknown || !nobody;
      tried.throttled = false;
      tried.last = error.message;
    } else {
      const Verdict verdict = rules_.judge(*answer);
      if (verdict == Verdict::answer) {
        succeeded();
        return ApiAnswer{*std::move(answer), tried.unknown};
      }
      if (verdict == Verdict::identity) {
        if (cure(*answer, tried)) continue;
        return ApiAnswer{*std::move(answer), tried.unknown};
      }
      tried.throttled = verdict == Verdict::throttled;
      tried.unknown = tried.unknown || verdict == Verdict::passing;
      const std::string id = request_id(answer->headers);
      tried.last = "it answers " + std::to_string(answer->status) + (id.empty() ? "" : ", request " + id);
      at_least = retry_after(answer->headers, clock_.now()).value_or(Duration(0));
      if (at_least > Duration(0)) rate_.pause_until(clock_.monotonic() + at_least);
    }
    if (!may_repeat(tried, at_least)) return given_up(what, tried);
  }
}

}  // namespace tradewind::cloud
