#include "edge/drivers/kubernetes/kube_client.h"

#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/http_target.h"

namespace tradewind::kubernetes {
namespace {

constexpr int unauthorized_status = 401;
constexpr int forbidden_status = 403;
constexpr int gone_status = 410;
constexpr int pieces_max = 10'000;
constexpr const char* json_type = "application/json";
constexpr Duration watch_delay = std::chrono::seconds(5);  // of the end that the server was asked for

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

io::HttpRequest request_to(const Access& access, const std::string& method, const std::string& path) {
  io::HttpRequest request;
  request.method = method;
  request.target = access.base_path + path;
  request.headers = {{"Accept", json_type}};
  if (!access.token.empty()) request.headers.push_back({"Authorization", "Bearer " + access.token});
  return request;
}

}  // namespace

Error error_of(const std::string& cluster, int status, const json::value& body) {
  std::string message = text_at(body, {"message"});
  switch (status) {
    case unauthorized_status:
      return with(Code::unauthorized, cluster,
                  "the credentials are not accepted" + (message.empty() ? "" : ": " + message),
                  "log in again, or see which user the kubeconfig's context names");
    case forbidden_status:
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

bool WatchAnswer::read(std::string_view bytes) {
  const Result<std::vector<WatchEvent>> events = reader_.read(bytes);
  if (!events.ok()) return ended(with(events.error().code, cluster_, events.error().message));
  for (const WatchEvent& event : *events) {
    if (event.kind == WatchKind::error) return refused(event.object);
    if (!take_(event)) return ended(WatchEnd::enough);
  }
  return true;
}

bool WatchAnswer::ended(Result<WatchEnd> how) {
  end_ = std::move(how);
  return false;
}

bool WatchAnswer::refused(const json::value& status) {
  const auto code = static_cast<int>(number_at(status, {"code"}));
  if (code == gone_status) return ended(WatchEnd::expired);
  return ended(error_of(cluster_, code < 400 ? 500 : code, status));
}

io::HttpRequest watch_request(const Access& access, const WatchRequest& asked) {
  const std::int64_t lasts_s = std::chrono::ceil<std::chrono::seconds>(asked.lasts).count();
  return request_to(access, "GET",
                    asked.path + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                        std::to_string(lasts_s) + "&resourceVersion=" + io::percent_encode(asked.version) +
                        (asked.query.empty() ? "" : "&" + asked.query));
}

KubeClient::KubeClient(std::string cluster, AccessOptions access, const Clock& clock, Transport transport)
    : cluster_(std::move(cluster)),
      options_(std::move(access)),
      clock_(clock),
      transport_(std::move(transport)) {}

Result<std::shared_ptr<KubeClient::Session>> KubeClient::session() {
  const std::lock_guard lock(mutex_);
  if (session_ && clock_.now() < session_->access.until) return session_;
  Result<Access> access = open_access(options_, clock_.now());
  if (!access.ok())
    return Error{access.error().code, cluster_ + ": " + access.error().message, access.error().hint};
  auto made = std::make_shared<Session>();
  made->access = *std::move(access);
  made->options.trust = made->access.trust;
  made->options.tls_name = made->access.tls_name;
  made->pool = std::make_unique<io::HttpPool>(io::HttpPoolOptions{.client = made->options});
  session_ = made;
  return made;
}

void KubeClient::forget_session() {
  const std::lock_guard lock(mutex_);
  session_.reset();
}

Error KubeClient::unanswered(const Error& error) const {
  if (error.code != Code::not_found && error.code != Code::unavailable)
    return {error.code, cluster_ + ": " + error.message, error.hint};
  return {Code::unavailable, cluster_ + ": " + error.message,
          error.hint + (error.hint.empty() ? "" : "; ") +
              "is the API server of its kubeconfig the right one, and up?"};
}

Result<io::HttpResponse> KubeClient::send(const std::string& method, const std::string& path,
                                          const std::string& type, const std::string& body) {
  const auto with_body = [&](io::HttpRequest request) {
    if (!body.empty()) request.headers.push_back({"Content-Type", type});
    request.body = body;
    return request;
  };
  if (transport_) return transport_(with_body(request_to({}, method, path)));
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, this->session());
  Result<io::HttpResponse> response =
      session->pool->send(session->access.server, with_body(request_to(session->access, method, path)));
  if (!response.ok()) return unanswered(response.error());
  return response;
}

Result<KubeClient::Answer> KubeClient::ask_once(const std::string& method, const std::string& path,
                                                const std::string& type, const std::string& body) {
  TW_ASSIGN_OR_RETURN(const io::HttpResponse response, send(method, path, type, body));
  Result<json::value> document = parse_json(response.body);
  if (!document.ok() && response.status < 300) {
    return Error{Code::unavailable, cluster_ + ": the answer is no JSON: " + document.error().message};
  }
  if (response.status < 300) was_granted_ = true;
  Answer answer{response.status, nullptr};
  if (document.ok()) answer.body = *std::move(document);
  return answer;
}

// A server that has just begun knows no roles yet, and refuses what it will grant in a moment: at first even
// /readyz, which all may ask.
Error KubeClient::refused(int status, const json::value& body) {
  Error error = error_of(cluster_, status, body);
  if (status != forbidden_status || error.code != Code::unauthorized) return error;
  const Result<io::HttpResponse> ready = send("GET", "/readyz", "", "");
  const bool begins =
      !ready.ok() || ready->status >= 500 || (ready->status == forbidden_status && was_granted_);
  if (!begins) return error;
  return with(Code::unavailable, cluster_, "the API server has just begun, and knows no rights yet");
}

// Credentials may have been changed or taken back before their time: they are read anew, once.
Result<KubeClient::Answer> KubeClient::ask(const std::string& method, const std::string& path,
                                           const std::string& type, const std::string& body) {
  Result<Answer> answer = ask_once(method, path, type, body);
  if (!answer.ok() || answer->status != unauthorized_status) return answer;
  forget_session();
  return ask_once(method, path, type, body);
}

Result<json::value> KubeClient::object(const std::string& method, const std::string& path,
                                       const std::string& type, const std::string& body) {
  TW_ASSIGN_OR_RETURN(Answer answer, ask(method, path, type, body));
  if (answer.status >= 300) return refused(answer.status, answer.body);
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
Result<bool> KubeClient::list_once(const std::string& path, const std::string& query, ObjectList& listed) {
  listed = {};
  std::string next;
  for (int piece = 0; piece < pieces_max; ++piece) {
    std::string target = path + "?limit=500" + (query.empty() ? "" : "&" + query);
    if (!next.empty()) target += "&continue=" + io::percent_encode(next);
    TW_ASSIGN_OR_RETURN(const Answer answer, ask("GET", target, "", ""));
    if (answer.status == gone_status) return false;
    if (answer.status >= 300) return refused(answer.status, answer.body);
    for (const json::value& item : list_at(answer.body, {"items"})) listed.items.push_back(item);
    // All pieces are of one version. Where a server tells a later one, the first loses nothing.
    if (listed.version.empty()) listed.version = text_at(answer.body, {"metadata", "resourceVersion"});
    next = text_at(answer.body, {"metadata", "continue"});
    if (next.empty()) return true;
  }
  return Error{Code::unavailable, cluster_ + ": the list of " + path + " has no end"};
}

Result<ObjectList> KubeClient::list_with_version(const std::string& path, const std::string& query) {
  constexpr int tries = 3;
  ObjectList listed;
  for (int i = 0; i < tries; ++i) {
    TW_ASSIGN_OR_RETURN(const bool whole, list_once(path, query, listed));
    if (whole) return listed;
  }
  return Error{Code::unavailable, cluster_ + ": the list of " + path + " expires faster than it can be read"};
}

Result<std::vector<json::value>> KubeClient::list(const std::string& path, const std::string& query) {
  TW_ASSIGN_OR_RETURN(ObjectList listed, list_with_version(path, query));
  return std::move(listed.items);
}

Result<WatchEnd> KubeClient::watch_once(const WatchRequest& asked, const WatchAnswer::Take& take) {
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, this->session());
  io::HttpClientOptions options = session->options;
  options.reply_patience = asked.lasts + watch_delay;
  options.cancellation = asked.cancellation;
  io::HttpClient client(session->access.server, options);
  WatchAnswer answer(cluster_, take);
  return watch_end(client.stream(watch_request(session->access, asked),
                                 [&](std::string_view bytes) { return answer.read(bytes); }),
                   answer);
}

Result<WatchEnd> KubeClient::watch_end(const Result<io::HttpResponse>& response, const WatchAnswer& answer) {
  if (!response.ok()) return unanswered(response.error());
  if (response->status == gone_status) return WatchEnd::expired;
  if (response->status >= 300) {
    const Result<json::value> body = parse_json(response->body);
    return refused(response->status, body.ok() ? *body : json::value());
  }
  return answer.end();
}

Result<WatchEnd> KubeClient::watch(const WatchRequest& request, const WatchAnswer::Take& take) {
  Result<WatchEnd> end = watch_once(request, take);
  if (end.ok() || end.error().code != Code::unauthorized) return end;
  forget_session();
  return watch_once(request, take);
}

Result<std::string> KubeClient::context_namespace() {
  TW_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, this->session());
  return session->access.namespace_name;
}

}  // namespace tradewind::kubernetes
