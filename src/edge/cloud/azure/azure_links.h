// The links of the chain, one function each. Internal to azure_tokens.cc; tests go through the chain.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/azure/azure_tokens.h"

namespace tradewind::cloud {

// Nothing: it has none, and `seen` says so. An error: it is set up, but of no use.
using AzureLink = Result<std::optional<AzureToken>>;

AzureLink from_azure_secret(const AzureLookup& look);
AzureLink from_azure_workload(const AzureLookup& look);
AzureLink from_azure_service(const AzureLookup& look);
AzureLink from_azure_machine(const AzureLookup& look);
AzureLink from_azure_cli(const AzureLookup& look);

// From the JSON that Entra, services, machines and az give. corrupt: it holds no token.
Result<AzureToken> azure_token_of_json(std::string_view text, const AzureLookup& look,
                                       const std::string& source, const std::string& principal);

}  // namespace tradewind::cloud
