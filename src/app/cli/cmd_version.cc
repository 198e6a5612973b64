// tradewind version: which program this is, and which one serves.
#include <ostream>

#include "app/api/server_info.h"
#include "app/api/version.h"
#include "app/cli/connect.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

// Nothing: none runs. Whatever version the server has, it can be asked for it.
Result<std::optional<json::value>> running_server(Context& context) {
  Result<ApiClient> client = connect_if_running(context);
  if (!client.ok() && client.error().code == Code::not_found) return std::optional<json::value>();
  if (!client.ok()) return client.error();
  TW_ASSIGN_OR_RETURN(json::value info, client->get_from_any_version("/v1/version"));
  return std::optional<json::value>(std::move(info));
}

std::string version_text(std::string_view version, long long api) {
  return std::string(version) + " (API " + std::to_string(api) + ")";
}

// Reads what it knows: a newer server may say more, an older one less.
std::string server_text(const json::value& info) {
  JsonReader reader(info, "server");
  std::string text = version_text(reader.text_or("version", "?"), reader.integer_or("api", 0));
  text += ", pid " + std::to_string(reader.integer_or("pid", 0));
  if (const std::optional<Time> since = reader.optional_time("started_at"))
    text += ", since " + format_utc(*since);
  const std::string listen = reader.text_or("listen", "");
  return listen.empty() ? text : text + ", on " + listen;
}

}  // namespace

Result<ExitCode> run_version(const VersionOptions&, Context& context) {
  const Result<std::optional<json::value>> server = running_server(context);
  if (context.json) {
    if (!server.ok()) return server.error();
    print_json(context, json::object{{"version", api::program_version},
                                     {"api", api::api_version},
                                     {"server", *server ? **server : json::value(nullptr)}});
    return ExitCode::done;
  }
  context.out << "tradewind " << version_text(api::program_version, api::api_version) << "\n";
  if (!server.ok()) return server.error();
  context.out << "server    " << (*server ? server_text(**server) : "none runs") << "\n";
  return ExitCode::done;
}

}  // namespace tradewind::cli
