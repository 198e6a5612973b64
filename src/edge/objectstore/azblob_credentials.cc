#include "edge/objectstore/azblob_credentials.h"

#include <array>

#include "base/text.h"
#include "edge/cloud/azure/azure_tokens.h"
#include "edge/io/hash.h"
#include "edge/io/http_target.h"

namespace tradewind::objectstore {
namespace {

using Kind = AzblobCredential::Kind;

struct AzblobLookup {
  const AzblobSettings& settings;
  std::vector<std::string>& seen;  // "the account key (AZURE_STORAGE_KEY is not set)", for the error
};

// Nothing: it has none, and `seen` says so. An error: it is set up, but of no use.
using AzblobLink = Result<std::optional<AzblobCredential>>;

Result<AzblobCredential> key_credential(const std::string& text, const std::string& source) {
  const std::optional<std::string> key = io::decode_base64(trim(text));
  if (!key || key->empty()) {
    return Error{Code::unauthorized, source + " is no base64: it was not copied whole",
                 "show it with: az storage account keys list --account-name NAME"};
  }
  return AzblobCredential{Kind::key, *key, {}, source, {}};
}

// A SAS tells its own end, mostly.
AzblobCredential sas_credential(std::string_view text, const std::string& source) {
  text = trim(text);
  if (text.starts_with('?')) text.remove_prefix(1);
  AzblobCredential made{Kind::sas, std::string(text), {}, source, {}};
  const Result<io::HttpTarget> target = io::parse_http_target("/?" + made.secret);
  if (!target.ok() || !target->query.contains("se"))
    return made;  // its end stands in a policy of the container
  const Result<Time> end = parse_utc(target->query.at("se"));
  if (end.ok()) made.expires_at = *end;
  return made;
}

AzblobLink from_connection(const AzblobLookup& look) {
  const AzureConnection& connection = look.settings.connection;
  constexpr const char* name = "AZURE_STORAGE_CONNECTION_STRING";
  if (connection.account != look.settings.account) {
    look.seen.push_back(
        std::string("the connection string (") + name +
        (connection.account.empty() ? " is not set)" : " is of account '" + connection.account + "')"));
    return std::optional<AzblobCredential>();
  }
  if (connection.key.empty())
    return std::optional(sas_credential(connection.sas, std::string("the SAS in ") + name));
  TW_ASSIGN_OR_RETURN(AzblobCredential made,
                      key_credential(connection.key, std::string("the key in ") + name));
  return std::optional(std::move(made));
}

// A key is of the account that AZURE_STORAGE_ACCOUNT names, where it is set: it must not be tried on another.
AzblobLink from_key(const AzblobLookup& look) {
  const std::string text = look.settings.variable("AZURE_STORAGE_KEY");
  const std::string owner = look.settings.variable("AZURE_STORAGE_ACCOUNT");
  if (text.empty() || (!owner.empty() && owner != look.settings.account)) {
    look.seen.push_back(text.empty() ? "the account key (AZURE_STORAGE_KEY is not set)"
                                     : "the account key (AZURE_STORAGE_ACCOUNT is '" + owner + "')");
    return std::optional<AzblobCredential>();
  }
  TW_ASSIGN_OR_RETURN(AzblobCredential made, key_credential(text, "the key in AZURE_STORAGE_KEY"));
  return std::optional(std::move(made));
}

AzblobLink from_sas(const AzblobLookup& look) {
  const std::string text = look.settings.variable("AZURE_STORAGE_SAS_TOKEN");
  const std::string owner = look.settings.variable("AZURE_STORAGE_ACCOUNT");
  if (text.empty() || (!owner.empty() && owner != look.settings.account)) {
    look.seen.push_back(text.empty() ? "a SAS (AZURE_STORAGE_SAS_TOKEN is not set)"
                                     : "a SAS (AZURE_STORAGE_ACCOUNT is '" + owner + "')");
    return std::optional<AzblobCredential>();
  }
  if (text.find("sig=") == std::string::npos) {
    return Error{Code::unauthorized, "AZURE_STORAGE_SAS_TOKEN holds no SAS: it has no sig=",
                 "put quotes around it: it holds '&'"};
  }
  return std::optional(sas_credential(text, "the SAS in AZURE_STORAGE_SAS_TOKEN"));
}

}  // namespace

AzblobCredentialChain::AzblobCredentialChain(AzblobSettings settings, const Clock& clock, io::HttpPool& http)
    : settings_(std::move(settings)), clock_(clock), http_(http), held_(clock) {}

Result<AzblobCredential> AzblobCredentialChain::get() {
  return held_.get([this] { return look(); });
}

void AzblobCredentialChain::forget(const AzblobCredential& credential) {
  held_.forget_if([&](const AzblobCredential& held) { return held.secret == credential.secret; });
}

Result<AzblobCredential> AzblobCredentialChain::look() {
  if (!settings_.url_sas.empty()) return sas_credential(settings_.url_sas, "the SAS in the URL");
  std::vector<std::string> seen;
  constexpr std::array steps = {from_connection, from_key, from_sas};
  for (const auto step : steps) {
    TW_ASSIGN_OR_RETURN(const std::optional<AzblobCredential> found, step({settings_, seen}));
    if (found) return *found;
  }
  TW_ASSIGN_OR_RETURN(
      std::optional<cloud::AzureToken> token,
      cloud::find_azure_token({settings_.environment, cloud::azure_storage_resource, clock_, http_, seen}));
  if (token) {
    return AzblobCredential{Kind::token, std::move(token->secret), token->expires_at,
                            std::move(token->source), std::move(token->principal)};
  }
  return Error{Code::unauthorized,
               "no credentials for the storage account '" + settings_.account +
                   "' were found; looked at: " + join(seen, "; "),
               "run az login, or set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"};
}

}  // namespace tradewind::objectstore
