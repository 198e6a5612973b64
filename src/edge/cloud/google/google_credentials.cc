#include "edge/cloud/google/google_credentials.h"

#include <array>

#include "base/text.h"
#include "edge/cloud/google/google_links.h"

namespace tradewind::cloud {

GoogleCredentialChain::GoogleCredentialChain(Variables environment, bool anonymous, const Clock& clock,
                                             io::HttpPool& http)
    : environment_(std::move(environment)), anonymous_(anonymous), clock_(clock), http_(http), held_(clock) {}

Result<GoogleCredential> GoogleCredentialChain::get() {
  return held_.get([this] { return look(); });
}

void GoogleCredentialChain::forget(const GoogleCredential& credential) {
  held_.forget_if([&](const GoogleCredential& held) { return held.token == credential.token; });
}

Result<GoogleCredential> GoogleCredentialChain::look() {
  if (anonymous_) {
    return GoogleCredential{"", {}, "nobody: the URL or its emulator is anonymous", "allUsers", "", ""};
  }
  std::vector<std::string> seen;
  const GoogleLookup asked{environment_, clock_, http_, seen};
  constexpr std::array steps = {from_google_variable, from_google_login, from_google_machine};
  for (const auto step : steps) {
    TW_ASSIGN_OR_RETURN(std::optional<GoogleCredential> found, step(asked));
    if (!found) continue;
    const std::string project = variable(environment_, "GOOGLE_CLOUD_QUOTA_PROJECT");
    if (!project.empty()) found->quota_project = project;
    return *std::move(found);
  }
  return Error{Code::unauthorized, "no credentials of Google were found; looked at: " + join(seen, "; "),
               "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to a file "
               "of credentials"};
}

}  // namespace tradewind::cloud
