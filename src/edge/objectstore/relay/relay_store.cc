#include "edge/objectstore/relay/relay_store.h"

#include "base/text.h"
#include "edge/io/http_pool.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/percent_path.h"
#include "edge/objectstore/relay/relay_pass.h"
#include "edge/objectstore/relay/relay_wire.h"

namespace tradewind::objectstore {
namespace {

using io::HttpRequest;
using io::HttpResponse;
using io::percent_encode;

io::HttpPoolOptions pool_options(const std::string& pass) {
  io::HttpPoolOptions options;
  options.client.headers = {{"Authorization", "Bearer " + pass}};
  options.client.body_bytes_max = std::size_t{96} << 20;
  // A connection that died silently must not keep the agent from reporting over the next one.
  options.client.reply_patience = Duration(15'000);
  return options;
}

Error refusal_of(const HttpResponse& response) {
  const Result<json::value> document = parse_json(response.body);
  Error error{Code::unavailable, "the relay answered " + std::to_string(response.status)};
  if (!document.ok() || !document->is_object()) return error;
  JsonReader reader(*document, "answer");
  error.code = code_from_text(reader.text_or("code", "")).value_or(Code::unavailable);
  error.message = reader.text_or("message", error.message);
  error.hint = reader.text_or("hint", "");
  return error;
}

class RelayStore final : public ObjectStore {
 public:
  RelayStore(RelayUrl url, const std::string& pass) : url_(std::move(url)), pool_(pool_options(pass)) {
    endpoint_.unix_path = url_.socket;
  }

  std::string url() const override { return to_text(url_); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_RETURN_IF_ERROR(check_key(key));
    HttpRequest request{"PUT", target("o", key)};
    if (condition == PutCondition::if_absent) request.target += "&absent=1";
    request.borrowed_body = bytes;
    return status_of(send(request));
  }
  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_RETURN_IF_ERROR(check_key(key));
    HttpRequest request{"GET", target("o", key)};
    if (range.offset > 0) request.target += "&offset=" + std::to_string(range.offset);
    if (range.length) request.target += "&length=" + std::to_string(*range.length);
    TW_ASSIGN_OR_RETURN(HttpResponse response, send(request));
    return std::move(response.body);
  }
  Result<ObjectInfo> stat(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    TW_ASSIGN_OR_RETURN(const json::value document, document_of({"GET", target("stat", key)}));
    JsonReader reader(document, "stat");
    ObjectInfo info = info_from(reader);
    TW_RETURN_IF_ERROR(reader.status());
    return info;
  }
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    TW_ASSIGN_OR_RETURN(const json::value document,
                        document_of({"GET", "/list?store=" + percent_encode(url_.store) + "&prefix=" +
                                                percent_encode(prefix) + "&after=" + percent_encode(after) +
                                                "&limit=" + std::to_string(limit)}));
    JsonReader reader(document, "list");
    ObjectPage page;
    page.more = reader.boolean("more");
    page.left_out = reader.texts_or_empty("left_out");
    for (const json::value& each : reader.array("objects")) {
      JsonReader object(each, "list.objects");
      page.objects.push_back(info_from(object));
      reader.merge(object.status());
    }
    TW_RETURN_IF_ERROR(reader.status());
    return page;
  }
  Status remove(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    return status_of(send({"DELETE", target("o", key)}));
  }
  Status remove_if_older(std::string_view key, Time limit) override {
    TW_RETURN_IF_ERROR(check_key(key));
    return status_of(send({"DELETE", target("o", key) + "&older=" + percent_encode(format_utc(limit))}));
  }

 private:
  std::string target(const char* what, std::string_view key) const {
    return std::string("/") + what + "?store=" + percent_encode(url_.store) + "&key=" + percent_encode(key);
  }
  static Status status_of(const Result<HttpResponse>& response) {
    return response.ok() ? Status() : Status(response.error());
  }
  // An answer of 2xx. A relay that is away is no word on what it leads to.
  Result<HttpResponse> send(const HttpRequest& request) {
    Result<HttpResponse> response = pool_.send(endpoint_, request);
    if (!response.ok()) {
      const bool away = response.error().code == Code::not_found;
      return Error{away ? Code::unavailable : response.error().code,
                   "the relay to the store '" + url_.store + "': " + response.error().message,
                   "it comes back with the control plane and its connection to this host"};
    }
    if (response->status >= 300) return refusal_of(*response);
    return response;
  }
  Result<json::value> document_of(const HttpRequest& request) {
    TW_ASSIGN_OR_RETURN(const HttpResponse response, send(request));
    Result<json::value> document = parse_json(response.body);
    if (document.ok()) return document;
    return Error{Code::corrupt, "the relay's answer is no JSON: " + document.error().message};
  }

  const RelayUrl url_;
  io::HttpEndpoint endpoint_;
  io::HttpPool pool_;
};

}  // namespace

Result<RelayUrl> parse_relay_url(std::string_view url) {
  constexpr std::string_view scheme = "relay://";
  constexpr std::string_view query = "?store=";
  const Error wrong{Code::invalid_argument, "'" + std::string(url) + "' names no relay and store",
                    "such as relay:///run/tradewind/relay.sock?store=home"};
  const std::size_t mark = url.find(query);
  if (!url.starts_with(scheme) || mark == std::string_view::npos) return wrong;
  const auto socket = percent_decoded_path(url.substr(scheme.size(), mark - scheme.size()));
  const auto store = percent_decoded_path(url.substr(mark + query.size()));
  if (!socket || (!socket->empty() && !socket->starts_with('/')) || !store || store->empty()) return wrong;
  return RelayUrl{*socket, *store};
}

std::string to_text(const RelayUrl& url) {
  return "relay://" + percent_encoded_path(url.socket) + "?store=" + io::percent_encode(url.store);
}

Result<std::unique_ptr<ObjectStore>> open_relay_store(std::string_view url,
                                                      const cloud::Variables& environment) {
  TW_ASSIGN_OR_RETURN(RelayUrl parsed, parse_relay_url(url));
  if (parsed.socket.empty()) parsed.socket = cloud::variable(environment, relay_socket_variable);
  if (!parsed.socket.starts_with('/')) {
    return Error{Code::invalid_argument, "the URL '" + std::string(url) + "' names no relay, and $" +
                                             relay_socket_variable + " neither"};
  }
  return std::unique_ptr<ObjectStore>(
      std::make_unique<RelayStore>(std::move(parsed), cloud::variable(environment, relay_pass_variable)));
}

}  // namespace tradewind::objectstore
