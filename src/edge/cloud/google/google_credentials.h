// Who we are to Google: application default credentials, found where its own tools find them
// (https://cloud.google.com/docs/authentication/application-default-credentials,
// https://google.aip.dev/auth/4110), and renewed before they end.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/renewed.h"
#include "edge/cloud/variables.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

struct GoogleCredential {
  std::string token;                    // a bearer's: in no message, log or URL; "": anonymous
  std::optional<Time> expires_at = {};  // nothing: anonymous
  std::string source = {};              // "the service account a@p.iam.gserviceaccount.com (in /k.json)"
  std::string member = {};              // as a policy names it: "serviceAccount:a@…"; "": not known
  std::string cure = {};                // how to come to another token
  std::string quota_project = {};       // that requests are counted to; "": that of the identity
};

// Asks in this order, and takes the first that has something:
//   the file that GOOGLE_APPLICATION_CREDENTIALS names
//   → application_default_credentials.json in CLOUDSDK_CONFIG or ~/.config/gcloud
//   → the machine: its metadata at GCE_METADATA_HOST or 169.254.169.254.
// Files: service_account, authorized_user, external_account (subject tokens from files, URLs and AWS),
// external_account_authorized_user, impersonated_service_account. Safe from several threads at once.
class GoogleCredentialChain {
 public:
  // REQUIRES: clock and http outlive this.
  GoogleCredentialChain(Variables environment, bool anonymous, const Clock& clock, io::HttpPool& http);

  // The one in use; fetched anew five minutes before it ends, by one thread for all. While that fails, what
  // still holds is given. unauthorized: none was found (the message lists where was looked, the hint is the
  // cure), or what was found is of no use; unavailable: whoever gives it did not answer.
  Result<GoogleCredential> get();
  // The server does not take this one any longer: the next get() looks anew.
  void forget(const GoogleCredential& credential);

 private:
  Result<GoogleCredential> look();

  const Variables environment_;
  const bool anonymous_;
  const Clock& clock_;
  io::HttpPool& http_;
  Renewed<GoogleCredential> held_;
};

}  // namespace tradewind::cloud
