#include "edge/cloud/aws/aws_credentials.h"

#include <array>

#include "base/text.h"
#include "edge/cloud/aws/aws_links.h"

namespace tradewind::cloud {
namespace {

Error none_found(const std::vector<std::string>& seen) {
  return {Code::unauthorized, "no AWS credentials were found; looked at: " + join(seen, "; "),
          "run aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"};
}

}  // namespace

AwsCredentialChain::AwsCredentialChain(AwsSettings settings, const Clock& clock, io::HttpPool& http)
    : settings_(std::move(settings)), clock_(clock), http_(http), held_(clock) {}

Result<AwsCredentials> AwsCredentialChain::get() {
  return held_.get([this] { return look(); });
}

void AwsCredentialChain::forget(const std::string& access_key_id) {
  held_.forget_if([&](const AwsCredentials& held) { return held.access_key_id == access_key_id; });
}

Result<AwsCredentials> AwsCredentialChain::look() {
  std::vector<std::string> seen;
  const Lookup asked{settings_, clock_, http_, seen};
  struct Step {
    Link (*link)(const Lookup&);
    bool of_profile;
  };
  constexpr std::array steps = {
      Step{from_environment, false}, Step{from_web_identity, true}, Step{from_sso, true},
      Step{from_profile, true},      Step{from_container, false},   Step{from_machine, false},
  };
  for (const Step& step : steps) {
    if (settings_.profile_chosen && !step.of_profile) continue;
    TW_ASSIGN_OR_RETURN(const std::optional<AwsCredentials> found, step.link(asked));
    if (found) return *found;
  }
  return none_found(seen);
}

}  // namespace tradewind::cloud
