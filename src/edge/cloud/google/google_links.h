// The links of the chain, one function each, and the kinds of files that credentials come in. Internal to
// google_credentials.cc; tests go through the chain.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/model/json.h"
#include "edge/cloud/google/google_credentials.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

struct GoogleLookup {
  const Variables& environment;
  const Clock& clock;
  io::HttpPool& http;
  std::vector<std::string>& seen;  // "the machine (nobody answers at …)", for the error

  // "" when it is not set.
  std::string variable(const std::string& name) const { return cloud::variable(environment, name); }
};

// Nothing: it has none, and `seen` says so. An error: it is set up, but of no use.
using GoogleLink = Result<std::optional<GoogleCredential>>;

GoogleLink from_google_variable(const GoogleLookup& look);
GoogleLink from_google_login(const GoogleLookup& look);
GoogleLink from_google_machine(const GoogleLookup& look);

// What is in a file, or in the member source_credentials of another.
struct GoogleFile {
  const json::value& document;
  std::string shown;  // "/k.json", for errors
  std::string scope;  // what the token is for
};

// By its member `type`. unauthorized: it is of another kind, incomplete, or refused; unavailable: whoever
// gives tokens did not answer.
Result<GoogleCredential> google_credential_of(const GoogleLookup& look, const GoogleFile& file);

Result<GoogleCredential> google_service_account(const GoogleLookup& look, const GoogleFile& file);
Result<GoogleCredential> google_user(const GoogleLookup& look, const GoogleFile& file);
Result<GoogleCredential> google_federated_user(const GoogleLookup& look, const GoogleFile& file);
Result<GoogleCredential> google_federated_workload(const GoogleLookup& look, const GoogleFile& file);
Result<GoogleCredential> google_impersonated(const GoogleLookup& look, const GoogleFile& file);

// Proof of who we are elsewhere, for a federated workload: from a file, a URL or AWS.
Result<std::string> google_subject_token(const GoogleLookup& look, const GoogleFile& file);
// A signed question to AWS of who we are there, which Google asks in our place.
Result<std::string> google_aws_subject_token(const GoogleLookup& look, const json::value& source,
                                             const std::string& audience, const std::string& shown);

}  // namespace tradewind::cloud
