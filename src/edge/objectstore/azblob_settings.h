// What the user told Azure's tools, and so us: whose blobs, where, and by which key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/variables.h"
#include "edge/objectstore/azblob_url.h"

namespace tradewind::objectstore {

// "DefaultEndpointsProtocol=https;AccountName=NAME;AccountKey=…;EndpointSuffix=core.windows.net" or
// "BlobEndpoint=https://…;SharedAccessSignature=…".
struct AzureConnection {
  std::string account;
  std::string key;  // base64, a secret; "": none
  std::string sas;  // a secret; "": none
  std::optional<AzureEndpoint> endpoint;
};
// invalid_argument: it is none; its values are not repeated.
Result<AzureConnection> parse_azure_connection(std::string_view text);

struct AzblobSettings {
  cloud::Variables environment;
  std::string account;         // whose blobs
  std::string url_sas;         // of the URL: then nothing else is asked
  AzureConnection connection;  // AZURE_STORAGE_CONNECTION_STRING; empty where it is not set

  // "" when it is not set.
  std::string variable(const std::string& name) const { return cloud::variable(environment, name); }
};

// Completes `url` with the account and the endpoint that it leaves out: those of the connection string, else
// AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_SERVICE_ENDPOINT. invalid_argument: no account is said, or what is
// said is none.
Result<AzblobSettings> read_azblob_settings(cloud::Variables environment, AzblobUrl& url);

}  // namespace tradewind::objectstore
