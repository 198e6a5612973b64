#include "edge/objectstore/azure_credentials.h"

#include <array>

#include "base/text.h"
#include "edge/objectstore/azure_links.h"

namespace tradewind::objectstore {
AzureCredentialChain::AzureCredentialChain(AzureSettings settings, const Clock& clock, io::HttpPool& http)
    : settings_(std::move(settings)), clock_(clock), http_(http), held_(clock) {}

Result<AzureCredential> AzureCredentialChain::get() {
  return held_.get([this] { return look(); });
}

void AzureCredentialChain::forget(const AzureCredential& credential) {
  held_.forget_if([&](const AzureCredential& held) { return held.secret == credential.secret; });
}

Result<AzureCredential> AzureCredentialChain::look() {
  std::vector<std::string> seen;
  const AzureLookup asked{settings_, clock_, http_, seen};
  if (!settings_.url_sas.empty()) {
    return azure_sas_credential(settings_.url_sas, "the SAS in the URL");
  }
  constexpr std::array steps = {from_azure_connection, from_azure_key,      from_azure_sas,
                                from_azure_secret,     from_azure_workload, from_azure_service,
                                from_azure_machine,    from_azure_cli};
  for (const auto step : steps) {
    TW_ASSIGN_OR_RETURN(const std::optional<AzureCredential> found, step(asked));
    if (found) return *found;
  }
  return Error{Code::unauthorized,
               "no credentials for the storage account '" + settings_.account +
                   "' were found; looked at: " + join(seen, "; "),
               "run az login, or set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"};
}

}  // namespace tradewind::objectstore
