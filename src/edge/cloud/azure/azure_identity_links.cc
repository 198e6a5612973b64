// Identities that need no secret of ours: those of the place where we run, and of whoever is signed in here.

#include "base/text.h"
#include "edge/cloud/azure/azure_links.h"
#include "edge/cloud/service_address.h"
#include "edge/io/http_target.h"
#include "edge/io/process.h"

namespace tradewind::cloud {
namespace {

// Elsewhere nothing answers at this address, and packets to it may vanish.
constexpr Duration machine_patience{1000};
constexpr Duration service_patience{10'000};
constexpr Duration cli_patience{30'000};  // it is a large program in Python

// Which of several identities is meant: AZURE_CLIENT_ID says it, else there is one of the place itself.
std::string chosen(const AzureLookup& look) {
  const std::string client = look.variable("AZURE_CLIENT_ID");
  return client.empty() ? "" : "&client_id=" + io::percent_encode(client);
}

std::string identity_name(const AzureLookup& look, const std::string& place) {
  const std::string client = look.variable("AZURE_CLIENT_ID");
  return "the managed identity of " + place + (client.empty() ? "" : " " + client);
}

// "dev" and "prod", as Azure's own libraries read it: which half of the chain is passed over.
bool passed_over(const AzureLookup& look, std::string_view half) {
  return lower(look.variable("AZURE_TOKEN_CREDENTIALS")) == half;
}

}  // namespace

// App Service, Functions and Container Apps hand it out at an address of their own, to whoever knows the
// header.
AzureLink from_azure_service(const AzureLookup& look) {
  const std::string url = look.variable("IDENTITY_ENDPOINT");
  const std::string header = look.variable("IDENTITY_HEADER");
  if (url.empty() || header.empty()) {
    look.seen.emplace_back(
        "the service's managed identity (IDENTITY_ENDPOINT and IDENTITY_HEADER are not set)");
    return std::optional<AzureToken>();
  }
  TW_ASSIGN_OR_RETURN(ServiceAddress address, parse_service_address(url, "IDENTITY_ENDPOINT"));
  address.target += address.target.find('?') == std::string::npos ? "?" : "&";
  address.target += "api-version=2019-08-01&resource=" + io::percent_encode(look.resource) + chosen(look);
  TW_ASSIGN_OR_RETURN(
      const io::HttpResponse answer,
      look.http.send(address.endpoint, {"GET", address.target, {{"X-IDENTITY-HEADER", header}}},
                     service_patience));
  const std::string who = identity_name(look, "this service");
  if (answer.status != 200) {
    return Error{answer.status >= 500 ? Code::unavailable : Code::unauthorized,
                 who + " cannot be had: " + io::to_text(address.endpoint) + " answers " +
                     std::to_string(answer.status),
                 "switch on an identity for the app; where it has several, AZURE_CLIENT_ID names one"};
  }
  TW_ASSIGN_OR_RETURN(AzureToken made,
                      azure_token_of_json(answer.body, look, who, look.variable("AZURE_CLIENT_ID")));
  return std::optional(std::move(made));
}

AzureLink from_azure_machine(const AzureLookup& look) {
  const auto nothing = [&](const std::string& why) {
    look.seen.push_back("the machine's managed identity (" + why + ")");
    return std::optional<AzureToken>();
  };
  if (passed_over(look, "dev")) return nothing("AZURE_TOKEN_CREDENTIALS is dev");
  std::string url = look.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST");
  if (url.empty()) url = "http://169.254.169.254";
  TW_ASSIGN_OR_RETURN(const io::HttpEndpoint endpoint,
                      parse_endpoint(url, "AZURE_POD_IDENTITY_AUTHORITY_HOST"));
  const std::string target =
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" + io::percent_encode(look.resource) +
      chosen(look);
  const Result<io::HttpResponse> answer =
      look.http.send(endpoint, {"GET", target, {{"Metadata", "true"}}}, machine_patience);
  if (!answer.ok()) return nothing(answer.error().message);
  if (answer->status == 400) return nothing("this machine has none");
  if (answer->status != 200) return nothing("its metadata answers " + std::to_string(answer->status));
  Result<AzureToken> made = azure_token_of_json(answer->body, look, identity_name(look, "this machine"),
                                                look.variable("AZURE_CLIENT_ID"));
  // Another cloud may answer there, in words of its own.
  if (!made.ok()) return nothing("its metadata is not Azure's");
  return std::optional(*std::move(made));
}

AzureLink from_azure_cli(const AzureLookup& look) {
  const auto nothing = [&](const std::string& why) {
    look.seen.push_back("az (" + why + ")");
    return std::optional<AzureToken>();
  };
  if (passed_over(look, "prod")) return nothing("AZURE_TOKEN_CREDENTIALS is prod");
  io::SpawnRequest request;
  request.argv = {"az",   "account",    "get-access-token",        "--output",
                  "json", "--resource", std::string(look.resource)};
  request.environment = look.environment;
  const Result<io::CommandOutput> ran =
      io::run_command(std::move(request), cli_patience, std::size_t{1} << 20);
  if (!ran.ok())
    return nothing(ran.error().code == Code::not_found ? "is not installed" : ran.error().message);
  if (!ran->status.success()) {
    const std::string_view said = trim(ran->err);
    if (said.find("az login") != std::string_view::npos) return nothing("nobody is signed in: run az login");
    return nothing("failed with " + io::to_text(ran->status));
  }
  TW_ASSIGN_OR_RETURN(AzureToken made, azure_token_of_json(ran->out, look, "whoever is signed in to az", ""));
  return std::optional(std::move(made));
}

}  // namespace tradewind::cloud
