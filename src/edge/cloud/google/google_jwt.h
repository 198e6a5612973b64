// A claim that a service account signs with its key (RFC 7515, 7519), for which Google gives a token:
// https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::cloud {

struct GoogleClaim {
  std::string issuer;    // the account's address
  std::string audience;  // the service of tokens
  std::string scope;
  std::string key_id;  // "": not said
  Time issued_at;      // it holds for an hour, the longest that is allowed
};

// "header.claims.signature", by RS256. unauthorized: `key_pem` is no private key of RSA.
Result<std::string> sign_google_claim(const GoogleClaim& claim, const std::string& key_pem);

}  // namespace tradewind::cloud
