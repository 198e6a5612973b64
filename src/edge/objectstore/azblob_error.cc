#include "edge/objectstore/azblob_error.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tradewind::objectstore {
namespace {

using Codes = std::initializer_list<std::string_view>;
using Kind = AzblobCredential::Kind;

bool is_one_of(const std::string& code, Codes codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string account_of(const AzblobRefusal& refusal) {
  return "account '" + refusal.account + "'";
}

std::string what(const AzblobRefusal& refusal) {
  return "cannot " + std::string(refusal.purpose.verb) + " " +
         (refusal.key.empty() ? "container '" + refusal.container + "'"
                              : "azblob://" + refusal.container + "/" + refusal.key) +
         " of " + account_of(refusal);
}

// "AuthorizationFailure: its sentence", or the status where there was no sentence.
std::string said(const AzblobRefusal& refusal) {
  const AzblobProblem& problem = refusal.problem;
  if (problem.code.empty()) return "status " + std::to_string(refusal.status);
  return problem.code + (problem.message.empty() ? "" : ": " + problem.message.substr(0, 300));
}

Error about_key(const AzblobRefusal& refusal) {
  const std::string& detail = refusal.problem.detail;
  if (holds(detail, "date header")) {
    return {Code::unauthorized, what(refusal) + ": this machine's clock differs too much from the server's",
            "set the clock, for instance by switching on time synchronisation"};
  }
  return {Code::unauthorized,
          what(refusal) + ": " + refusal.credential.source + " is none of " + account_of(refusal),
          "set it anew, from: az storage account keys list --account-name " + refusal.account +
              "; it may be another account's, or was renewed"};
}

// "Signature not valid in the specified time frame: Start [..] - Expiry [..] - Current [..]"
Error about_sas(const AzblobRefusal& refusal) {
  const std::string& detail = refusal.problem.detail;
  const std::string start = what(refusal) + ": " + refusal.credential.source + " ";
  const std::string cure = "make a new SAS, which begins now and lasts as long as the job";
  const std::optional<Time>& end = refusal.credential.expires_at;
  if (end && *end <= refusal.now) {
    return {Code::unauthorized, start + "has expired, at " + format_utc(*end).substr(0, 19) + "Z", cure};
  }
  if (holds(detail, "time frame")) {
    return {Code::unauthorized, start + "does not hold now: " + detail.substr(0, 300), cure};
  }
  return {Code::unauthorized,
          start + "does not belong to " + account_of(refusal) + " and this container" +
              (detail.empty() ? "" : ": " + detail.substr(0, 300)),
          "copy it whole, in quotes; a SAS ends when the key that it was made with is renewed"};
}

Error about_token(const AzblobRefusal& refusal) {
  const std::string& detail = refusal.problem.detail;
  if (holds(detail, "Issuer") || refusal.problem.code == "InvalidIssuer") {
    return {Code::unauthorized,
            what(refusal) + ": " + refusal.credential.source + " is of another tenant than the account",
            "sign in to the account's tenant: az login --tenant TENANT, or set AZURE_TENANT_ID"};
  }
  return {Code::unauthorized,
          what(refusal) + ": the server does not take the token of " + refusal.credential.source + " (" +
              said(refusal) + (detail.empty() ? "" : "; " + detail.substr(0, 300)) + ")",
          "sign in again; look at this machine's clock"};
}

Error about_identity(const AzblobRefusal& refusal) {
  switch (refusal.credential.kind) {
    case Kind::key:
      return about_key(refusal);
    case Kind::sas:
      return about_sas(refusal);
    case Kind::token:
      return about_token(refusal);
  }
  return about_token(refusal);
}

// Azurite says a wrong signature in the words of another refusal.
bool is_about_identity(const AzblobRefusal& refusal) {
  return refusal.status == 401 ||
         is_one_of(refusal.problem.code,
                   {"AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"}) ||
         (refusal.problem.code == "AuthorizationFailure" &&
          holds(refusal.problem.message, "failed to authenticate"));
}

std::string cure_of_denial(const AzblobRefusal& refusal) {
  const std::string& code = refusal.problem.code;
  if (code == "AuthorizationFailure") {
    return "the account's firewall refuses this machine's address, or keys: allow its network under "
           "Networking";
  }
  if (code == "KeyBasedAuthenticationNotPermitted") {
    return "the account takes no keys: unset them, and sign in with az login or a managed identity";
  }
  if (code == "AccountIsDisabled") return "switch the account on again";
  if (code == "AuthorizationProtocolMismatch") return "the SAS demands https";
  if (code == "AuthorizationSourceIPMismatch") return "the SAS is for other addresses than this machine's";
  if (code == "AuthorizationServiceMismatch") return "make the SAS for the blob service (ss=b)";
  if (code == "AuthorizationResourceTypeMismatch") return "make the SAS for containers and objects (srt=co)";
  if (refusal.credential.kind == Kind::sas) {
    return "make a SAS with the permission " + std::string(refusal.purpose.letter) +
           "; Tradewind needs rcwdl";
  }
  const std::string who = refusal.credential.principal.empty() ? "WHO" : refusal.credential.principal;
  return "give it the role: az role assignment create --role '" + std::string(refusal.purpose.role) +
         "' --assignee " + who + " --scope SCOPE, where SCOPE ends in /storageAccounts/" + refusal.account +
         "/blobServices/default/containers/" + refusal.container + "; it may take some minutes to hold";
}

Error denied(const AzblobRefusal& refusal) {
  return {Code::unauthorized,
          what(refusal) + ": " + said(refusal) + "; asked with " + refusal.credential.source,
          cure_of_denial(refusal)};
}

Error missing(const AzblobRefusal& refusal) {
  const std::string& code = refusal.problem.code;
  if (code == "BlobNotFound") {
    return {Code::not_found, refusal.url + " holds no object '" + refusal.key + "'"};
  }
  if (code == "ContainerNotFound") {
    return {Code::invalid_argument,
            what(refusal) + ": there is no container '" + refusal.container + "' at " + refusal.server,
            "create it (az storage container create --account-name " + refusal.account + " --name " +
                refusal.container + "), or correct the URL"};
  }
  return {Code::invalid_argument, what(refusal) + ": " + refusal.server + " answers " + said(refusal),
          "is " + account_of(refusal) + " reached there?"};
}

// What says something about the state of the object or the container.
std::optional<Error> about_state(const AzblobRefusal& refusal) {
  struct State {
    std::string_view code;
    Code means;
    std::string_view cure;
  };
  constexpr std::array states = {
      State{"ContainerBeingDeleted", Code::unavailable, "wait some minutes, and create the container again"},
      State{"ContainerDisabled", Code::unauthorized, "an administrator has switched the container off"},
      State{"BlobArchived", Code::invalid_argument,
            "bring it back first: az storage blob set-tier --tier Hot"},
      State{"BlobBeingRehydrated", Code::unavailable, "it is on its way out of the archive: hours"},
      State{"BlobImmutableDueToPolicy", Code::unauthorized, "a policy of the container keeps it as it is"},
      State{"LeaseIdMissing", Code::unauthorized,
            "another program holds a lease on it: az storage blob lease break"},
      State{"InvalidBlockList", Code::unavailable, "another writer sends the same object: write it again"},
      State{"InvalidBlobOrBlock", Code::invalid_argument,
            "another program has begun this object: let it end, or remove what it sent"},
      State{"InvalidBlobType", Code::invalid_argument,
            "another program made it, as a page or append blob: remove it"},
      State{"FeatureNotSupportedForHierarchicalNamespaceAccount", Code::invalid_argument,
            "use an account without a hierarchical namespace"}};
  for (const State& state : states) {
    if (state.code == refusal.problem.code) {
      return Error{state.means, what(refusal) + ": " + said(refusal), std::string(state.cure)};
    }
  }
  return std::nullopt;
}

}  // namespace

Error azblob_error(const AzblobRefusal& refusal) {
  const std::string& code = refusal.problem.code;
  if (is_about_identity(refusal)) return about_identity(refusal);
  if (const std::optional<Error> error = about_state(refusal)) return *error;
  if (refusal.status == 403) return denied(refusal);
  if (refusal.status == 404) return missing(refusal);
  if (code == "AccountIsDisabled" || code == "InsufficientAccountPermissions") return denied(refusal);
  if (refusal.status == 507) {
    return {Code::quota_exceeded, what(refusal) + ": the account is full (" + said(refusal) + ")",
            "remove what is not needed, or raise the quota"};
  }
  if (is_one_of(code, {"Md5Mismatch", "Crc64Mismatch"})) {
    return {Code::unavailable, what(refusal) + ": its bytes changed on the way to " + refusal.server,
            "try again; look for a proxy in between"};
  }
  if (refusal.status >= 500 || refusal.status == 429 || refusal.status == 409) {
    return {Code::unavailable, what(refusal) + ": " + refusal.server + " answers " + said(refusal)};
  }
  return {Code::invalid_argument, what(refusal) + ": " + said(refusal)};
}

}  // namespace tradewind::objectstore
