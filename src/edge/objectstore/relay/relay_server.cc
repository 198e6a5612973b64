#include "edge/objectstore/relay/relay_server.h"

#include <algorithm>
#include <charconv>

#include "edge/io/http_target.h"
#include "edge/objectstore/relay/relay_pass.h"
#include "edge/objectstore/relay/relay_wire.h"

namespace tradewind::objectstore {
namespace {

using io::HttpRequest;
using io::HttpResponse;
using Query = std::map<std::string, std::string>;

int status_of(Code code) {
  switch (code) {
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::unauthorized:
      return 403;
    case Code::invalid_argument:
      return 400;
    default:
      return 503;
  }
}

HttpResponse refusal(const Error& error) {
  return {
      status_of(error.code),
      {},
      to_text(json::object{{"code", to_text(error.code)}, {"message", error.message}, {"hint", error.hint}})};
}

HttpResponse done(const Status& status) {
  return status.ok() ? HttpResponse{204} : refusal(status.error());
}

std::string text_of(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

Result<std::optional<std::uint64_t>> number_of(const Query& query, const std::string& name) {
  const std::string text = text_of(query, name);
  if (text.empty()) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return Error{Code::invalid_argument, name + " is no number"};
  }
  return std::optional(number);
}

HttpResponse get(ObjectStore& store, const std::string& key, const Query& query) {
  const Result<std::optional<std::uint64_t>> offset = number_of(query, "offset");
  const Result<std::optional<std::uint64_t>> length = number_of(query, "length");
  if (!offset.ok()) return refusal(offset.error());
  if (!length.ok()) return refusal(length.error());
  Result<std::string> bytes = store.get(key, {offset->value_or(0), *length});
  if (!bytes.ok()) return refusal(bytes.error());
  return {200, {}, *std::move(bytes)};
}

HttpResponse stat(ObjectStore& store, const std::string& key) {
  const Result<ObjectInfo> info = store.stat(key);
  if (!info.ok()) return refusal(info.error());
  return {200, {}, to_text(info_to_json(*info))};
}

HttpResponse list(ObjectStore& store, const std::string& prefix, const Query& query) {
  const Result<std::optional<std::uint64_t>> limit = number_of(query, "limit");
  if (!limit.ok()) return refusal(limit.error());
  constexpr std::uint64_t most = 10'000;
  const Result<ObjectPage> page = store.list(prefix, text_of(query, "after"),
                                             static_cast<std::size_t>(std::min(limit->value_or(1000), most)));
  if (!page.ok()) return refusal(page.error());
  json::array objects;
  for (const ObjectInfo& info : page->objects) objects.push_back(info_to_json(info));
  return {200,
          {},
          to_text(json::object{
              {"objects", std::move(objects)}, {"more", page->more}, {"left_out", to_json(page->left_out)}})};
}

HttpResponse remove(ObjectStore& store, const std::string& key, const Query& query) {
  const std::string older = text_of(query, "older");
  if (older.empty()) return done(store.remove(key));
  const Result<Time> limit = parse_utc(older);
  if (!limit.ok()) return refusal(limit.error());
  return done(store.remove_if_older(key, *limit));
}

std::string_view bearer_of(const HttpRequest& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view value = io::header_of(request.headers, "Authorization");
  return value.starts_with(scheme) ? value.substr(scheme.size()) : std::string_view();
}

HttpResponse act(ObjectStore& store, const HttpRequest& request, const std::string& what,
                 const std::string& name, const Query& query) {
  if (what == "list" && request.method == "GET") return list(store, name, query);
  if (what == "stat" && request.method == "GET") return stat(store, name);
  if (what == "o" && request.method == "GET") return get(store, name, query);
  if (what == "o" && request.method == "DELETE") return remove(store, name, query);
  if (what == "o" && request.method == "PUT") {
    const bool absent = text_of(query, "absent") == "1";
    return done(store.put(name, request.body, absent ? PutCondition::if_absent : PutCondition::always));
  }
  return refusal({Code::invalid_argument, "the relay knows no " + request.method + " /" + what});
}

}  // namespace

HttpResponse RelayServer::answer(const HttpRequest& request) const {
  const Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok()) return refusal(target.error());
  const Result<RelayPass> pass = read_pass(bearer_of(request), secret_);
  if (!pass.ok()) return refusal(pass.error());
  const std::string what = target->parts.empty() ? "" : target->parts.front();
  const std::string name = text_of(target->query, "store");
  const std::string key = text_of(target->query, what == "list" ? "prefix" : "key");
  if (std::ranges::find(pass->stores, name) == pass->stores.end() || !key.starts_with(pass->prefix)) {
    return refusal({Code::unauthorized, "the pass is not for '" + key + "' in the store '" + name + "'",
                    "an agent may use its own job's keys alone"});
  }
  const Result<ObjectStore*> store = stores_(name);
  if (!store.ok()) return refusal({Code::unavailable, store.error().message, store.error().hint});
  return act(**store, request, what, key, target->query);
}

Result<std::unique_ptr<RelayServer>> RelayServer::start(const std::string& socket, std::string secret,
                                                        StoreNamed stores) {
  std::unique_ptr<RelayServer> relay(new RelayServer(socket, std::move(secret), std::move(stores)));
  TW_ASSIGN_OR_RETURN(io::UniqueFd listener, io::listen_unix(socket));
  std::vector<io::HttpListener> listeners;
  listeners.push_back({std::move(listener), false});
  io::HttpLimits limits;
  limits.body_bytes_max = std::size_t{96} << 20;  // the largest object that a save puts, and room
  limits.request_patience = Duration(120'000);    // by a slow link
  limits.write_patience = Duration(120'000);
  RelayServer* self = relay.get();
  TW_ASSIGN_OR_RETURN(
      relay->server_,
      io::HttpServer::start(
          std::move(listeners), [self](const HttpRequest& request) { return self->answer(request); },
          [](int status, const std::string& message) {
            HttpResponse response = refusal({Code::unavailable, message});
            response.status = status;
            return response;
          },
          limits));
  return relay;
}

}  // namespace tradewind::objectstore
