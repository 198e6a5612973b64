#include "edge/cloud/azure/azure_links.h"

#include <array>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/json_numbers.h"
#include "edge/cloud/service_address.h"
#include "edge/io/files.h"
#include "edge/io/http_target.h"

namespace tradewind::cloud {
namespace {

constexpr Duration service_patience{10'000};

// What a refusal of Entra's means, by the number in its sentence.
std::string cure_of(const std::string& said) {
  struct Cure {
    std::string_view number;
    std::string_view text;
  };
  constexpr std::array cures = {
      Cure{"AADSTS7000215",
           "AZURE_CLIENT_SECRET is not the secret of that application: set its value, not its id"},
      Cure{"AADSTS7000222", "the secret has expired: make a new one (az ad app credential reset)"},
      Cure{"AADSTS700016", "AZURE_CLIENT_ID names no application of that tenant"},
      Cure{"AADSTS90002", "AZURE_TENANT_ID names no tenant"},
      Cure{"AADSTS900023", "AZURE_TENANT_ID names no tenant"},
      Cure{"AADSTS700213", "give the application a federated credential for this subject and issuer"},
      Cure{"AADSTS70021", "give the application a federated credential for this subject and issuer"},
      Cure{"AADSTS700024",
           "the token in AZURE_FEDERATED_TOKEN_FILE has expired, or this machine's clock is wrong"}};
  for (const Cure& cure : cures) {
    if (said.find(std::string(cure.number) + ":") != std::string::npos) return std::string(cure.text);
  }
  return "check AZURE_CLIENT_ID and AZURE_TENANT_ID";
}

Error refused(const io::HttpResponse& answer, const std::string& who) {
  std::string said;
  const Result<json::value> document = parse_json(answer.body, std::size_t{1} << 20);
  if (document.ok()) {
    JsonReader reader(*document, "");
    said = reader.text_or("error_description", "");
    said = said.substr(0, std::min<std::size_t>(said.find_first_of("\r\n"), 300));
  }
  if (said.empty()) said = "status " + std::to_string(answer.status);
  const bool passes = answer.status >= 500 || answer.status == 429;
  return {passes ? Code::unavailable : Code::unauthorized, "Entra gives " + who + " no token: " + said,
          passes ? "" : cure_of(said)};
}

// The service of tokens: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.
AzureLink ask_entra(const AzureLookup& look, const std::string& proof, const std::string& who) {
  const std::string client = look.variable("AZURE_CLIENT_ID");
  const std::string tenant = look.variable("AZURE_TENANT_ID");
  std::string host = look.variable("AZURE_AUTHORITY_HOST");
  if (host.empty()) host = "https://login.microsoftonline.com";
  if (host.find("://") == std::string::npos) host = "https://" + host;
  TW_ASSIGN_OR_RETURN(const ServiceAddress address, parse_service_address(host, "AZURE_AUTHORITY_HOST"));
  if (!address.endpoint.tls && !is_loopback(address.endpoint)) {
    return Error{Code::unauthorized, "AZURE_AUTHORITY_HOST names " + address.endpoint.host + " without TLS",
                 "use https: secrets go there"};
  }
  const std::string form = "client_id=" + io::percent_encode(client) +
                           "&scope=" + io::percent_encode(std::string(look.resource) + ".default") +
                           "&grant_type=client_credentials&" + proof;
  TW_ASSIGN_OR_RETURN(const io::HttpResponse answer,
                      look.http.send(address.endpoint,
                                     {"POST",
                                      "/" + io::percent_encode(tenant) + "/oauth2/v2.0/token",
                                      {{"Content-Type", "application/x-www-form-urlencoded"}},
                                      form},
                                     service_patience));
  if (answer.status != 200) return refused(answer, who);
  TW_ASSIGN_OR_RETURN(AzureToken made, azure_token_of_json(answer.body, look, who, client));
  return std::optional(std::move(made));
}

}  // namespace

AzureLink from_azure_secret(const AzureLookup& look) {
  const std::string secret = look.variable("AZURE_CLIENT_SECRET");
  if (secret.empty()) {
    look.seen.emplace_back(
        "a service principal (AZURE_CLIENT_SECRET is not set; certificates are not followed)");
    return std::optional<AzureToken>();
  }
  const std::string client = look.variable("AZURE_CLIENT_ID");
  if (client.empty() || look.variable("AZURE_TENANT_ID").empty()) {
    return Error{Code::unauthorized,
                 "AZURE_CLIENT_SECRET is set, and AZURE_CLIENT_ID or AZURE_TENANT_ID is not",
                 "set all three or none"};
  }
  return ask_entra(look, "client_secret=" + io::percent_encode(secret), "the service principal " + client);
}

AzureLink from_azure_workload(const AzureLookup& look) {
  const std::string file = look.variable("AZURE_FEDERATED_TOKEN_FILE");
  if (file.empty()) {
    look.seen.emplace_back("workload identity (AZURE_FEDERATED_TOKEN_FILE is not set)");
    return std::optional<AzureToken>();
  }
  const std::string client = look.variable("AZURE_CLIENT_ID");
  if (client.empty() || look.variable("AZURE_TENANT_ID").empty()) {
    return Error{Code::unauthorized,
                 "AZURE_FEDERATED_TOKEN_FILE is set, and AZURE_CLIENT_ID or AZURE_TENANT_ID is not",
                 "set all three or none; in Kubernetes the pod needs the label azure.workload.identity/use"};
  }
  // Read each time: whoever runs us replaces the file before the token ends.
  const Result<std::string> token = io::read_file(file, std::size_t{1} << 20);
  if (!token.ok()) {
    return Error{Code::unauthorized,
                 "the token of AZURE_FEDERATED_TOKEN_FILE cannot be read: " + token.error().message};
  }
  const std::string proof = "client_assertion_type=" +
                            io::percent_encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
                            "&client_assertion=" + io::percent_encode(trim(*token));
  return ask_entra(look, proof, "the workload identity " + client);
}

Result<AzureToken> azure_token_of_json(std::string_view text, const AzureLookup& look,
                                       const std::string& source, const std::string& principal) {
  const Error none{Code::corrupt, "the answer to " + source + " holds no token"};
  const Result<json::value> document = parse_json(text, std::size_t{1} << 20);
  if (!document.ok()) return none;
  JsonReader reader(*document, source);
  std::string token = reader.text_or("access_token", "");
  if (token.empty()) token = reader.text_or("accessToken", "");  // as az has it
  if (token.empty() || !reader.status().ok()) return none;
  // A token of unknown length is asked for anew before long.
  Time end = look.clock.now() + std::chrono::minutes(10);
  if (const auto left = whole_number(reader, "expires_in"); left && *left > 0 && *left < 1'000'000) {
    end = look.clock.now() + std::chrono::seconds(*left);
  } else if (const auto at = whole_number(reader, "expires_on"); at && *at > 0 && *at < 100'000'000'000) {
    end = Time(std::chrono::seconds(*at));
  }
  return AzureToken{std::move(token), end, source, principal};
}

}  // namespace tradewind::cloud
