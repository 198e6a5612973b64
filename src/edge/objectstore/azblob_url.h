// azblob: URLs: a container of Azure Blob Storage, a prefix, and how to get there.
//   azblob://container/prefix?account=NAME&endpoint=http://127.0.0.1:10000/NAME
//   https://NAME.blob.core.windows.net/container/prefix?sv=…&sig=…      as it is pasted, with its SAS or
//   without http://127.0.0.1:10000/NAME/container/prefix                        as stand-ins on this machine
//   write it
// The prefix follows the rules of keys. The account may come from elsewhere (azure_settings.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/service_address.h"

namespace tradewind::objectstore {

// Where an account answers, said by somebody rather than guessed from its name.
struct AzureEndpoint {
  io::HttpEndpoint server;
  std::string path;  // before the container: "" or "/NAME"
  bool operator==(const AzureEndpoint&) const = default;
};

struct AzblobUrl {
  std::string account;  // "": not said
  std::string container;
  std::string prefix;                     // "" or "a/b", no slash at either end
  std::optional<AzureEndpoint> endpoint;  // nothing: https://ACCOUNT.blob.core.windows.net
  std::string sas;                        // "sv=…&sig=…" as it came, a secret; "": none
  bool operator==(const AzblobUrl&) const = default;
};

// invalid_argument: what is wrong in it, and how it is written. Nothing of its query is repeated in an error:
// it may be a secret.
Result<AzblobUrl> parse_azblob_url(std::string_view url);
// Is it a pasted URL of this kind, rather than some other page of the web?
bool is_pasted_azblob_url(std::string_view url);
// "azblob://…", without the SAS.
std::string to_text(const AzblobUrl& url);

// "https://NAME.blob.core.windows.net", "http://127.0.0.1:10000/NAME". invalid_argument, naming `named_by`. A
// server that is not named after the account (an address, or one word) is taken to serve many, by their names
// in the path.
Result<AzureEndpoint> parse_azure_endpoint(std::string_view text, std::string_view account,
                                           std::string_view named_by);
// The account that an endpoint is of, by its name or its path; "" where neither says.
std::string account_of(const AzureEndpoint& endpoint);
// Three to 24 lower-case letters and digits.
bool is_azure_account(std::string_view name);

// Where the requests for an account go. REQUIRES: an account that is set.
AzureEndpoint address_of(const AzblobUrl& url);

}  // namespace tradewind::objectstore
