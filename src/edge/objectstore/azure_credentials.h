// Who we are to Azure: found where its own tools find it, and renewed before it ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/io/http_pool.h"
#include "edge/objectstore/azure_settings.h"
#include "edge/objectstore/renewed.h"

namespace tradewind::objectstore {

struct AzureCredential {
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
//   connection string → account key → SAS → service principal by its secret → workload identity → managed
//   identity (of a service, then of the machine) → whoever is signed in to az.
// Where the URL holds a SAS, that alone. Safe from several threads at once.
class AzureCredentialChain {
 public:
  // REQUIRES: clock and http outlive this.
  AzureCredentialChain(AzureSettings settings, const Clock& clock, io::HttpPool& http);

  // The one in use; a token is fetched anew five minutes before it ends. While that fails, what still holds
  // is given. unauthorized: none was found (the message lists where was looked, the hint is the cure), or
  // what was found is of no use; unavailable: whoever gives it did not answer.
  Result<AzureCredential> get();
  // The server does not take this one any longer: the next get() looks anew.
  void forget(const AzureCredential& credential);

 private:
  Result<AzureCredential> look();

  const AzureSettings settings_;
  const Clock& clock_;
  io::HttpPool& http_;
  Renewed<AzureCredential> held_;
};

}  // namespace tradewind::objectstore
