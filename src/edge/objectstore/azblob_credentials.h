// Who we are to an account of Azure Blob Storage: found where Azure's own tools find it, and renewed before
// it ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/renewed.h"
#include "edge/io/http_pool.h"
#include "edge/objectstore/azblob_settings.h"

namespace tradewind::objectstore {

struct AzblobCredential {
  enum class Kind {
    key,    // signs each request (sharedkey.h)
    sas,    // goes into each query
    token,  // goes into each Authorization header
  };
  Kind kind = Kind::key;
  std::string secret;  // raw key, "sv=…&sig=…" or token: in no message, log or URL
  std::optional<Time> expires_at = {};
  std::string source = {};     // "the key in AZURE_STORAGE_KEY", "the service principal 1234"
  std::string principal = {};  // of a token: who a role would be given to; "" where that is not known
};

// Asks in this order, and takes the first that has something:
//   connection string → account key → SAS → a token (azure_tokens.h).
// Where the URL holds a SAS, that alone. Safe from several threads at once.
class AzblobCredentialChain {
 public:
  // REQUIRES: clock and http outlive this.
  AzblobCredentialChain(AzblobSettings settings, const Clock& clock, io::HttpPool& http);

  // The one in use; a token is fetched anew five minutes before it ends. While that fails, what still holds
  // is given. unauthorized: none was found (the message lists where was looked, the hint is the cure), or
  // what was found is of no use; unavailable: whoever gives it did not answer.
  Result<AzblobCredential> get();
  // The server does not take this one any longer: the next get() looks anew.
  void forget(const AzblobCredential& credential);

 private:
  Result<AzblobCredential> look();

  const AzblobSettings settings_;
  const Clock& clock_;
  io::HttpPool& http_;
  cloud::Renewed<AzblobCredential> held_;
};

}  // namespace tradewind::objectstore
