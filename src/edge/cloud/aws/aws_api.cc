#include "edge/cloud/aws/aws_api.h"

#include "base/text.h"
#include "edge/cloud/aws/sigv4.h"
#include "edge/cloud/service_address.h"
#include "edge/io/hash.h"

namespace tradewind::cloud {
namespace {

Verdict judge(const io::HttpResponse& answer) {
  if (answer.status >= 200 && answer.status < 300) return Verdict::answer;
  switch (aws_fault(parse_aws_problem(answer))) {
    case AwsFault::throttled:
      return Verdict::throttled;
    case AwsFault::passing:
      return Verdict::passing;
    case AwsFault::identity:
      return Verdict::identity;
    default:
      return Verdict::answer;
  }
}

}  // namespace

std::string aws_endpoint(const std::string& service, const std::string& region) {
  return "https://" + service + "." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "");
}

Result<std::unique_ptr<AwsApi>> AwsApi::open(AwsApiOptions options, AwsCredentialChain& credentials,
                                             const Clock& clock, Transport transport,
                                             ApiClient::Sleep sleep) {
  const std::string where =
      options.endpoint.empty() ? aws_endpoint(options.service, options.region) : options.endpoint;
  TW_ASSIGN_OR_RETURN(io::HttpEndpoint endpoint, parse_endpoint(where, "the endpoint of " + options.called));
  return std::unique_ptr<AwsApi>(new AwsApi(std::move(options), std::move(endpoint), credentials, clock,
                                            std::move(transport), std::move(sleep)));
}

AwsApi::AwsApi(AwsApiOptions options, io::HttpEndpoint endpoint, AwsCredentialChain& credentials,
               const Clock& clock, Transport transport, ApiClient::Sleep sleep)
    : options_(std::move(options)),
      credentials_(credentials),
      client_(ApiRules{.service = options_.called,
                       .endpoint = std::move(endpoint),
                       .sign = [this](io::HttpRequest& request, Time now) { return sign(request, now); },
                       .judge = judge,
                       .forget_identity =
                           [this] {
                             std::string used;
                             {
                               const std::lock_guard lock(mutex_);
                               used = key_id_;
                             }
                             credentials_.forget(used);
                           },
                       .retry = options_.retry,
                       .rate = options_.rate},
              clock, std::move(transport), std::move(sleep)) {}

Status AwsApi::sign(io::HttpRequest& request, Time now) {
  TW_ASSIGN_OR_RETURN(const AwsCredentials who, credentials_.get());
  request.headers.push_back({"X-Amz-Date", amz_date(now)});
  if (!who.session_token.empty()) request.headers.push_back({"X-Amz-Security-Token", who.session_token});
  const SigningKey key{who.access_key_id, who.secret_access_key, options_.region, options_.service};
  request.headers.push_back(
      {"Authorization",
       sigv4_authorization(
           {request.method, request.target, {}, request.headers, io::hex(io::sha256(body_of(request)))}, key,
           now)});
  const std::lock_guard lock(mutex_);
  key_id_ = who.access_key_id;
  identity_ = who.source;
  return {};
}

std::string AwsApi::last_identity() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

Result<AwsReply> AwsApi::send(const std::string& what, const io::HttpRequest& request) {
  TW_ASSIGN_OR_RETURN(ApiAnswer answer, client_.call(what, request));
  AwsReply reply;
  reply.earlier_unknown = answer.earlier_unknown;
  reply.identity = last_identity();
  if (answer.response.status >= 200 && answer.response.status < 300) {
    reply.body = std::move(answer.response.body);
  } else {
    reply.problem = parse_aws_problem(answer.response);
  }
  return reply;
}

Result<AwsReply> AwsApi::ask(const std::string& action, Query parameters) {
  parameters.emplace_back("Action", action);
  parameters.emplace_back("Version", options_.version);
  return send(action, {"POST",
                       "/",
                       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                       canonical_query(parameters)});
}

Result<AwsReply> AwsApi::ask_json(const std::string& target, const json::value& body) {
  return send(target.substr(target.rfind('.') + 1),
              {"POST",
               "/",
               {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", target}},
               to_text(body)});
}

Error AwsApi::error_of(const std::string& action, const AwsReply& refused) const {
  return aws_error(options_.called, action, refused.problem.value_or(AwsProblem{}),
                   options_.service + ":" + action, refused.identity);
}

}  // namespace tradewind::cloud
