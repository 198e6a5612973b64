#include "edge/objectstore/aws_credentials.h"

#include <array>

#include "base/text.h"
#include "edge/objectstore/aws_links.h"

namespace tradewind::objectstore {
namespace {

// Renewed so long before they end, as AWS's own tools do: a request under way must not outlive them.
constexpr Duration renewal_lead = std::chrono::minutes(5);

bool fresh(const AwsCredentials& held, Time now, Duration lead) {
  return !held.expires_at || now + lead < *held.expires_at;
}

Error none_found(const std::vector<std::string>& seen) {
  return {Code::unauthorized, "no AWS credentials were found; looked at: " + join(seen, "; "),
          "run aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"};
}

}  // namespace

AwsCredentialChain::AwsCredentialChain(AwsSettings settings, const Clock& clock, io::HttpPool& http)
    : settings_(std::move(settings)), clock_(clock), http_(http) {}

Result<AwsCredentials> AwsCredentialChain::get() {
  const std::lock_guard lock(mutex_);
  const Time now = clock_.now();
  if (held_ && fresh(*held_, now, renewal_lead)) return *held_;
  Result<AwsCredentials> found = look();
  if (found.ok()) {
    held_ = *found;
  } else if (held_ && fresh(*held_, now, Duration(0))) {
    return *held_;
  }
  return found;
}

void AwsCredentialChain::forget(const std::string& access_key_id) {
  const std::lock_guard lock(mutex_);
  if (held_ && held_->access_key_id == access_key_id) held_.reset();
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

}  // namespace tradewind::objectstore
