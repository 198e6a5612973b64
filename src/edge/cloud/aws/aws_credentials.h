// Who we are to AWS: found where its own tools find it, and renewed before it ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/aws/aws_settings.h"
#include "edge/cloud/renewed.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;   // in no message, log or URL
  std::string session_token = {};  // "": the key is a lasting one
  std::optional<Time> expires_at = {};
  std::string source = {};  // "the environment", "the profile 'a' in ~/.aws/credentials"
};

// Asks in this order, and takes the first that has something:
//   environment → web identity (STS) → the profile: its web identity, its single sign-on, its keys → the
//   container → the machine (instance metadata, version 2).
// Where the URL names a profile, that profile alone. Safe from several threads at once.
class AwsCredentialChain {
 public:
  // REQUIRES: clock and http outlive this.
  AwsCredentialChain(AwsSettings settings, const Clock& clock, io::HttpPool& http);

  // Those in use; fetched anew five minutes before they end. While that fails, what still holds is given.
  // unauthorized: none were found (the message lists where was looked, the hint is the cure), or what was
  // found is of no use; unavailable: whoever gives them did not answer.
  Result<AwsCredentials> get();
  // The server says that these have expired: the next get() looks anew.
  void forget(const std::string& access_key_id);

 private:
  Result<AwsCredentials> look();

  const AwsSettings settings_;
  const Clock& clock_;
  io::HttpPool& http_;
  Renewed<AwsCredentials> held_;
};

}  // namespace tradewind::cloud
