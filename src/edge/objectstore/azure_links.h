// The links of the chain, one function each. Internal to azure_credentials.cc; tests go through the chain.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/io/http_pool.h"
#include "edge/objectstore/azure_credentials.h"
#include "edge/objectstore/azure_settings.h"

namespace tradewind::objectstore {

struct AzureLookup {
  const AzureSettings& settings;
  const Clock& clock;
  io::HttpPool& http;
  std::vector<std::string>& seen;  // "the account key (AZURE_STORAGE_KEY is not set)", for the error
};

// Nothing: it has none, and `seen` says so. An error: it is set up, but of no use.
using AzureLink = Result<std::optional<AzureCredential>>;

AzureLink from_azure_connection(const AzureLookup& look);
AzureLink from_azure_key(const AzureLookup& look);
AzureLink from_azure_sas(const AzureLookup& look);
AzureLink from_azure_secret(const AzureLookup& look);
AzureLink from_azure_workload(const AzureLookup& look);
AzureLink from_azure_service(const AzureLookup& look);
AzureLink from_azure_machine(const AzureLookup& look);
AzureLink from_azure_cli(const AzureLookup& look);

// A SAS tells its own end, mostly.
AzureCredential azure_sas_credential(std::string_view text, const std::string& source);

// What tokens are asked for.
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";

// From the JSON that Entra, services, machines and az give. corrupt: it holds no token.
Result<AzureCredential> azure_token_of_json(std::string_view text, const AzureLookup& look,
                                            const std::string& source, const std::string& principal);

}  // namespace tradewind::objectstore
