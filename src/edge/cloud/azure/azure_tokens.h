// Who we are to Azure, as a bearer's token: found where its own tools find it, and renewed before it ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cloud/renewed.h"
#include "edge/cloud/variables.h"
#include "edge/io/http_pool.h"

namespace tradewind::cloud {

// What tokens are asked for: a token for one opens no other.
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";
inline constexpr std::string_view azure_management_resource = "https://management.azure.com/";

struct AzureToken {
  std::string secret;  // goes into each Authorization header: in no message, log or URL
  std::optional<Time> expires_at = {};
  std::string source = {};     // "the service principal 1234"
  std::string principal = {};  // who a role would be given to; "" where that is not known
};

// Where a token is looked for, and what for.
struct AzureLookup {
  const Variables& environment;
  std::string_view resource;
  const Clock& clock;
  io::HttpPool& http;
  std::vector<std::string>& seen;  // "az (nobody is signed in: run az login)", for the error

  // "" when it is not set.
  std::string variable(const std::string& name) const { return cloud::variable(environment, name); }
};

// Asks in this order, and takes the first that has something:
//   service principal by its secret → workload identity → managed identity (of a service, then of the
//   machine) → whoever is signed in to az.
// Nothing: none has, and `seen` says so. unauthorized: one is set up, but of no use; unavailable: whoever
// gives it did not answer.
Result<std::optional<AzureToken>> find_azure_token(const AzureLookup& look);

// The same, held. Safe from several threads at once.
class AzureTokenChain {
 public:
  // REQUIRES: clock and http outlive this.
  AzureTokenChain(Variables environment, std::string resource, const Clock& clock, io::HttpPool& http);

  // The one in use; fetched anew five minutes before it ends. While that fails, what still holds is given.
  // unauthorized: none was found (the message lists where was looked, the hint is the cure), or what was
  // found is of no use; unavailable: whoever gives it did not answer.
  Result<AzureToken> get();
  // The server does not take this one any longer: the next get() looks anew.
  void forget(const AzureToken& token);

 private:
  Result<AzureToken> look();

  const Variables environment_;
  const std::string resource_;
  const Clock& clock_;
  io::HttpPool& http_;
  Renewed<AzureToken> held_;
};

}  // namespace tradewind::cloud
