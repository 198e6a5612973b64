#include "edge/cloud/azure/azure_tokens.h"

#include <array>

#include "base/text.h"
#include "edge/cloud/azure/azure_links.h"

namespace tradewind::cloud {

Result<std::optional<AzureToken>> find_azure_token(const AzureLookup& look) {
  constexpr std::array steps = {from_azure_secret, from_azure_workload, from_azure_service,
                                from_azure_machine, from_azure_cli};
  for (const auto step : steps) {
    TW_ASSIGN_OR_RETURN(std::optional<AzureToken> found, step(look));
    if (found) return found;
  }
  return std::optional<AzureToken>();
}

AzureTokenChain::AzureTokenChain(Variables environment, std::string resource, const Clock& clock,
                                 io::HttpPool& http)
    : environment_(std::move(environment)),
      resource_(std::move(resource)),
      clock_(clock),
      http_(http),
      held_(clock) {}

Result<AzureToken> AzureTokenChain::get() {
  return held_.get([this] { return look(); });
}

void AzureTokenChain::forget(const AzureToken& token) {
  held_.forget_if([&](const AzureToken& held) { return held.secret == token.secret; });
}

Result<AzureToken> AzureTokenChain::look() {
  std::vector<std::string> seen;
  TW_ASSIGN_OR_RETURN(std::optional<AzureToken> found,
                      find_azure_token({environment_, resource_, clock_, http_, seen}));
  if (found) return *std::move(found);
  return Error{Code::unauthorized,
               "no credentials for " + resource_ + " were found; looked at: " + join(seen, "; "),
               "run az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"};
}

}  // namespace tradewind::cloud
