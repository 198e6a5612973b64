#include "edge/objectstore/azblob_settings.h"

#include <map>

#include "base/text.h"

namespace tradewind::objectstore {
namespace {

constexpr const char* connection_variable = "AZURE_STORAGE_CONNECTION_STRING";

Error no_connection(const std::string& problem) {
  return {Code::invalid_argument, std::string(connection_variable) + " " + problem,
          "copy it whole: az storage account show-connection-string --name ACCOUNT"};
}

Result<std::map<std::string, std::string>> parts_of(std::string_view text) {
  std::map<std::string, std::string> parts;
  for (const std::string& part : split(trim(text), ';')) {
    const std::string_view said = trim(part);
    if (said.empty()) continue;
    const std::size_t equals = said.find('=');
    if (equals == std::string_view::npos) return no_connection("has a part without '='");
    parts.insert_or_assign(lower(said.substr(0, equals)), std::string(said.substr(equals + 1)));
  }
  return parts;
}

}  // namespace

Result<AzureConnection> parse_azure_connection(std::string_view text) {
  TW_ASSIGN_OR_RETURN(auto parts, parts_of(text));
  if (parts.contains("usedevelopmentstorage")) {
    return no_connection("says UseDevelopmentStorage, which names no key");
  }
  AzureConnection made{parts["accountname"], parts["accountkey"], parts["sharedaccesssignature"], {}};
  if (made.sas.starts_with('?')) made.sas.erase(0, 1);
  const std::string& endpoint = parts["blobendpoint"];
  if (!endpoint.empty()) {
    TW_ASSIGN_OR_RETURN(made.endpoint, parse_azure_endpoint(endpoint, made.account, connection_variable));
    if (made.account.empty()) made.account = account_of(*made.endpoint);
  } else if (const std::string suffix = parts["endpointsuffix"];
             !made.account.empty() && !suffix.empty() && suffix != "core.windows.net") {
    const std::string host = made.account + ".blob." + suffix;
    TW_ASSIGN_OR_RETURN(made.endpoint,
                        parse_azure_endpoint("https://" + host, made.account, connection_variable));
  }
  if (!is_azure_account(made.account)) return no_connection("names no account");
  if (made.key.empty() && made.sas.empty())
    return no_connection("has neither AccountKey nor SharedAccessSignature");
  return made;
}

Result<AzblobSettings> read_azblob_settings(cloud::Variables environment, AzblobUrl& url) {
  AzblobSettings settings;
  settings.environment = std::move(environment);
  if (const std::string text = settings.variable(connection_variable); !text.empty()) {
    TW_ASSIGN_OR_RETURN(settings.connection, parse_azure_connection(text));
  }
  if (url.account.empty()) url.account = settings.connection.account;
  if (url.account.empty()) url.account = settings.variable("AZURE_STORAGE_ACCOUNT");
  if (url.account.empty()) {
    return Error{Code::invalid_argument, "'" + to_text(url) + "' does not say whose container that is",
                 "add ?account=NAME to the URL, or set AZURE_STORAGE_ACCOUNT"};
  }
  if (!is_azure_account(url.account)) {
    return Error{Code::invalid_argument, "AZURE_STORAGE_ACCOUNT names no account: '" + url.account + "'",
                 "accounts have 3 to 24 lower-case letters and digits"};
  }
  if (!url.endpoint && settings.connection.account == url.account) {
    url.endpoint = settings.connection.endpoint;
  }
  const std::string endpoint = settings.variable("AZURE_STORAGE_SERVICE_ENDPOINT");
  if (!url.endpoint && !endpoint.empty()) {
    TW_ASSIGN_OR_RETURN(url.endpoint,
                        parse_azure_endpoint(endpoint, url.account, "AZURE_STORAGE_SERVICE_ENDPOINT"));
  }
  settings.account = url.account;
  settings.url_sas = url.sas;
  return settings;
}

}  // namespace tradewind::objectstore
