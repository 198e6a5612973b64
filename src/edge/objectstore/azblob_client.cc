#include "edge/objectstore/azblob_client.h"

#include <chrono>
#include <optional>

#include "edge/cloud/http_date.h"
#include "edge/objectstore/percent_path.h"
#include "edge/objectstore/sharedkey.h"

namespace tradewind::objectstore {
namespace {

using Kind = AzblobCredential::Kind;
constexpr const char* version =
    "2021-08-06";  // of the protocol: blocks of up to 4000 MiB, names encoded in lists
// The server allows a quarter of an hour; what differs by less is not why it refused.
constexpr Duration skew_noticed = std::chrono::minutes(10);

bool passes(const AzblobAnswer& answer) {
  const int status = answer.response.status;
  const std::string& code = answer.problem.code;
  return cloud::status_passes(status) ||
         (status < 500 && (code == "Md5Mismatch" || code == "OperationTimedOut"));
}

}  // namespace

// What is cured once in a call.
struct AzblobClient::Cures {
  bool clock = false;
  bool token = false;
};

AzblobClient::AzblobClient(AzblobUrl url, AzblobSettings settings, StoreTuning tuning)
    : url_(std::move(url)),
      address_(address_of(url_)),
      tuning_(tuning),
      http_(pool_options(tuning_)),
      credentials_(std::move(settings), clock_, http_) {}

Duration AzblobClient::skew() const {
  const std::lock_guard lock(mutex_);
  return skew_;
}

std::string AzblobClient::account_url() const {
  return (address_.server.tls ? "https://" : "http://") + io::host_header(address_.server) + address_.path;
}

std::string AzblobClient::container_url() const {
  return account_url() + "/" + url_.container;
}

io::HttpRequest AzblobClient::request_of(const AzblobCall& call, const AzblobCredential& credential,
                                         Time now) const {
  io::HttpRequest request{call.method, address_.path + "/" + url_.container, call.headers};
  request.borrowed_body = call.body;
  if (!call.key.empty()) request.target += "/" + percent_encoded_path(call.key);
  request.headers.push_back({"Host", io::host_header(address_.server)});
  request.headers.push_back({"x-ms-date", cloud::format_http_date(now)});
  request.headers.push_back({"x-ms-version", version});
  if (credential.kind == Kind::key) {
    const SharedKeyRequest signable{call.method, request.target, call.query, request.headers,
                                    call.body.size()};
    request.headers.push_back(
        {"Authorization", sharedkey_authorization(signable, url_.account, credential.secret)});
  } else if (credential.kind == Kind::token) {
    request.headers.push_back({"Authorization", "Bearer " + credential.secret});
  }
  std::string query = cloud::canonical_query(call.query);
  if (credential.kind == Kind::sas) query += (query.empty() ? "" : "&") + credential.secret;
  if (!query.empty()) request.target += "?" + query;
  return request;
}

// A signature tells nothing; a SAS or a token is all that it takes to be us.
Status AzblobClient::check_secrecy(const AzblobCredential& credential) const {
  if (credential.kind == Kind::key || address_.server.tls || cloud::is_loopback(address_.server)) return {};
  return Error{Code::unauthorized,
               io::to_text(address_.server) + " is reached without TLS: " + credential.source +
                   " is not sent there in the open",
               "use an https endpoint, or the account's key"};
}

bool AzblobClient::follow_clock(const AzblobAnswer& answer, Cures& cures) {
  if (cures.clock || answer.credential.kind != Kind::key || answer.response.status != 403) return false;
  const std::optional<Duration> ahead = cloud::server_ahead(answer.response.headers, clock_.now());
  const std::lock_guard lock(mutex_);
  if (!ahead || std::chrono::abs(*ahead - skew_) < skew_noticed) return false;
  cures.clock = true;
  skew_ = *ahead;
  return true;
}

bool AzblobClient::renew(const AzblobAnswer& answer, Cures& cures) {
  if (cures.token || answer.credential.kind != Kind::token || answer.response.status != 401) return false;
  cures.token = true;
  credentials_.forget(answer.credential);
  return true;
}

AzblobClient::Next AzblobClient::judge(const AzblobAnswer& answer, cloud::Attempts& attempts, Cures& cures) {
  if (answer.done()) return Next::answer;
  if (follow_clock(answer, cures) || renew(answer, cures)) return Next::repeat_now;
  if (!passes(answer)) return Next::answer;
  // A server that failed may have done its work before.
  if (answer.response.status >= 500) attempts.note_unknown();
  return Next::repeat_later;
}

Result<AzblobAnswer> AzblobClient::call(const AzblobCall& call) {
  cloud::Attempts attempts(tuning_, clock_, jitter_);
  Cures cures;
  for (;;) {
    attempts.begin();
    Result<AzblobCredential> credential = credentials_.get();
    if (!credential.ok()) {
      if (credential.error().code == Code::unavailable && attempts.wait()) continue;
      return credential.error();
    }
    TW_RETURN_IF_ERROR(check_secrecy(*credential));
    Result<io::HttpResponse> response =
        http_.send(address_.server, request_of(call, *credential, clock_.now() + skew()));
    if (!response.ok()) {
      std::optional<Error> error = attempts.failed(response.error());
      if (!error) continue;
      error->message =
          "container '" + url_.container + "' of account '" + url_.account + "': " + error->message;
      if (error->hint.empty()) {
        error->hint = url_.endpoint ? "is the endpoint right, and the server up?"
                                    : "is there an account of that name, and is the network up?";
      }
      return *std::move(error);
    }
    AzblobAnswer answer{*std::move(response), {}, *std::move(credential)};
    if (!answer.done()) {
      answer.problem = parse_azblob_problem(answer.response.body);
      // Answers to HEAD have no body, and this instead.
      if (answer.problem.code.empty()) answer.problem.code = answer.header("x-ms-error-code");
    }
    const Next next = judge(answer, attempts, cures);
    if (next == Next::repeat_now || (next == Next::repeat_later && attempts.wait())) continue;
    answer.earlier_unknown = attempts.unknown();
    return answer;
  }
}

Error AzblobClient::error_of(const AzblobCall& call, const AzblobAnswer& answer) const {
  Error error = azblob_error({call.purpose, to_text(url_), url_.account, url_.container, call.key,
                              io::to_text(address_.server), answer.credential, answer.response.status,
                              answer.problem, clock_.now() + skew()});
  const std::string_view id = answer.header("x-ms-request-id");
  if (error.code != Code::not_found && !id.empty()) error.message += " [request " + std::string(id) + "]";
  return error;
}

}  // namespace tradewind::objectstore
