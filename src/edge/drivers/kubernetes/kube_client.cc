#include "edge/drivers/kubernetes/kube_client.h"

#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/http_target.h"

namespace tradewind::kubernetes {
namespace {

constexpr int unauthorized_status = 401;
constexpr int gone_status = 410;
constexpr int pieces_max = 10'000;
constexpr const char* json_type = "application/json";

Error with(Code code, const std::string& cluster, const std::string& message, const std::string& hint = {}) {
  return {code, cluster + ": " + message, hint};
}

// 403 is said of rights, of quotas and of the rules of admission alike.
Error forbidden(const std::string& cluster, const std::string& message) {
  if (message.find("exceeded quota") != std::string::npos)
    return with(Code::quota_exceeded, cluster, message, "ask the cluster's administrator for more, or wait");
  if (message.find(" cannot ") != std::string::npos || message.empty())
    return with(Code::unauthorized, cluster, message.empty() ? "the request is forbidden" : message,
                "grant it with packaging/kubernetes/role.yaml");
  return with(Code::invalid_argument, cluster, message, "the cluster's own rules refuse it");
}

}  // namespace

Error error_of(const std::string& cluster, int status, const json::value& body) {
  std::string message = text_at(body, {"message"});
  switch (status) {
    case unauthorized_status:
      return with(Code::unauthorized, cluster,
                  "the credentials are not accepted" + (message.empty() ? "" : ": " + message),
                  "log in again, or see which user the kubeconfig's context names");
    case 403:
      return forbidden(cluster, message);
    case 404:
      return with(Code::not_found, cluster, message.empty() ? "there is no such object" : message);
    case 409:
      return with(Code::conflict, cluster, message.empty() ? "it is there already" : message);
    case 429:
      return with(Code::rate_limited, cluster, "the API server asks to come back later");
    default:
      break;
  }
  if (message.empty()) message = "the API server answered " + std::to_string(status);
  const bool refused = status >= 400 && status < 500 && status != 408 && status != gone_status;
  return with(refused ? Code::invalid_argument : Code::unavailable, cluster, message);
}

KubeClient::KubeClient(std::string cluster, AccessOptions access, const Clock& clock)
    : cluster_(std::move(cluster)), options_(std::move(access)), clock_(clock) {}

Result<std::shared_ptr<KubeClient::Session>> KubeClient::session() {
  const std::lock_guard lock(mutex_);
  if (session_ && clock_.now() < session_->access.until) return session_;
  Result<Access> access = open_access(options_, clock_.now());
  if (!access.ok())
    return Error{access.error().code, cluster_ + ": " + access.error().message, access.error().hint};
  auto made = std::make_shared<Session>();
  made->access = *std::move(access);
  io::HttpPoolOptions options;
  options.client.trust = made->access.trust;
  options.client.tls_name = made->access.tls_name;
  made->pool = std::make_unique<io::HttpPool>(options);
  session_ = made;
  return made;
}

Result<KubeClient::Answer> KubeClient::ask_once(const std::string& method, const std::string& path,
                                                const std::string& type, const std::string& body) {
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, this->session());
  io::HttpRequest request;
  request.method = method;
  request.target = session->access.base_path + path;
  request.headers = {{"Accept", json_type}};
  if (!body.empty()) request.headers.push_back({"Content-Type", type});
  if (!session->access.token.empty())
    request.headers.push_back({"Authorization", "Bearer " + session->access.token});
  request.body = body;
  const Result<io::HttpResponse> response = session->pool->send(session->access.server, request);
  if (!response.ok()) {
    const Error& error = response.error();
    const bool none = error.code == Code::not_found;  // nobody listens
    return Error{
        none ? Code::unavailable : error.code, cluster_ + ": " + error.message,
        error.hint.empty() ? "is the API server of its kubeconfig the right one, and up?" : error.hint};
  }
  Result<json::value> document = parse_json(response->body);
  if (!document.ok() && response->status < 300) {
    return Error{Code::unavailable, cluster_ + ": the answer is no JSON: " + document.error().message};
  }
  Answer answer{response->status, nullptr};
  if (document.ok()) answer.body = *std::move(document);
  return answer;
}

// Credentials may have been changed or taken back before their time: they are read anew, once.
Result<KubeClient::Answer> KubeClient::ask(const std::string& method, const std::string& path,
                                           const std::string& type, const std::string& body) {
  Result<Answer> answer = ask_once(method, path, type, body);
  if (!answer.ok() || answer->status != unauthorized_status) return answer;
  {
    const std::lock_guard lock(mutex_);
    session_.reset();
  }
  return ask_once(method, path, type, body);
}

Result<json::value> KubeClient::object(const std::string& method, const std::string& path,
                                       const std::string& type, const std::string& body) {
  TW_ASSIGN_OR_RETURN(Answer answer, ask(method, path, type, body));
  if (answer.status >= 300) return error_of(cluster_, answer.status, answer.body);
  return std::move(answer.body);
}

Result<json::value> KubeClient::get(const std::string& path) {
  return object("GET", path, "", "");
}
Result<json::value> KubeClient::create(const std::string& path, const json::value& made) {
  return object("POST", path, json_type, to_text(made));
}
Result<json::value> KubeClient::merge(const std::string& path, const json::value& patch) {
  return object("PATCH", path, "application/merge-patch+json", to_text(patch));
}
Result<json::value> KubeClient::remove(const std::string& path, const json::value& options) {
  return object("DELETE", path, json_type, to_text(options));
}

// False: the continue token expired on the way.
Result<bool> KubeClient::list_once(const std::string& path, const std::string& query,
                                   std::vector<json::value>& items) {
  items.clear();
  std::string next;
  for (int piece = 0; piece < pieces_max; ++piece) {
    std::string target = path + "?limit=500" + (query.empty() ? "" : "&" + query);
    if (!next.empty()) target += "&continue=" + io::percent_encode(next);
    TW_ASSIGN_OR_RETURN(const Answer answer, ask("GET", target, "", ""));
    if (answer.status == gone_status) return false;
    if (answer.status >= 300) return error_of(cluster_, answer.status, answer.body);
    for (const json::value& item : list_at(answer.body, {"items"})) items.push_back(item);
    next = text_at(answer.body, {"metadata", "continue"});
    if (next.empty()) return true;
  }
  return Error{Code::unavailable, cluster_ + ": the list of " + path + " has no end"};
}

Result<std::vector<json::value>> KubeClient::list(const std::string& path, const std::string& query) {
  constexpr int tries = 3;
  std::vector<json::value> items;
  for (int i = 0; i < tries; ++i) {
    TW_ASSIGN_OR_RETURN(const bool whole, list_once(path, query, items));
    if (whole) return items;
  }
  return Error{Code::unavailable, cluster_ + ": the list of " + path + " expires faster than it can be read"};
}

Result<std::string> KubeClient::context_namespace() {
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, this->session());
  return session->access.namespace_name;
}

}  // namespace tradewind::kubernetes
