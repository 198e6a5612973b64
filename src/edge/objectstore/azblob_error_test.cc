#include "edge/objectstore/azblob_error.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

using Kind = AzblobCredential::Kind;

AzblobRefusal refusal(int status, const std::string& code, const std::string& detail = "") {
  AzblobRefusal made{azblob_write,
                     "azblob://runs/p?account=acme1",
                     "acme1",
                     "runs",
                     "p/a",
                     "https://acme1.blob.core.windows.net:443",
                     {Kind::key, "hunter2", {}, "the key in AZURE_STORAGE_KEY", ""},
                     status,
                     {code, "said by the server", detail},
                     *parse_utc("2026-01-01T00:00:00Z")};
  return made;
}

AzblobRefusal with_sas(AzblobRefusal made, const char* end = "2027-01-01T00:00:00Z") {
  made.credential = {Kind::sas, "sig=hunter2", *parse_utc(end), "the SAS in the URL", ""};
  return made;
}

AzblobRefusal with_token(AzblobRefusal made) {
  made.credential = {Kind::token, "hunter2", {}, "the service principal 1234", "1234"};
  return made;
}

void expect(const AzblobRefusal& refused, Code code, const std::vector<const char*>& parts) {
  const Error error = azblob_error(refused);
  EXPECT_EQ(error.code, code) << describe(error);
  for (const char* part : parts) {
    EXPECT_NE(describe(error).find(part), std::string::npos) << part << " is not in: " << describe(error);
  }
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos) << describe(error);
}

TEST(AzblobError, OnlyAMissingObjectIsNotFound) {
  expect(refusal(404, "BlobNotFound"), Code::not_found, {"holds no object 'p/a'"});
  expect(refusal(404, "ContainerNotFound"), Code::invalid_argument,
         {"there is no container 'runs'", "az storage container create --account-name acme1 --name runs"});
  expect(refusal(404, "ResourceNotFound"), Code::invalid_argument, {"account 'acme1'"});
  expect(refusal(404, ""), Code::invalid_argument, {"answers status 404"});
}

TEST(AzblobError, AWrongKeyNamesWhereItCameFrom) {
  for (const char* code : {"AuthenticationFailed", "AuthorizationFailure"}) {
    AzblobRefusal wrong =
        refusal(403, code, "The MAC signature found in the HTTP request 'x' is not the same");
    wrong.problem.message = "Server failed to authenticate the request.";
    expect(wrong, Code::unauthorized,
           {"cannot write azblob://runs/p/a of account 'acme1'",
            "the key in AZURE_STORAGE_KEY is none of account",
            "az storage account keys list --account-name acme1"});
  }
  expect(refusal(403, "AuthenticationFailed", "Request date header too old: 'x'"), Code::unauthorized,
         {"clock differs", "set the clock"});
}

TEST(AzblobError, ASasTellsWhatIsWrongWithIt) {
  expect(with_sas(refusal(403, "AuthenticationFailed", "Signature did not match."), "2025-12-31T23:00:00Z"),
         Code::unauthorized, {"the SAS in the URL has expired, at 2025-12-31T23:00:00Z", "make a new SAS"});
  expect(with_sas(refusal(403, "AuthenticationFailed",
                          "Signature not valid in the specified time frame: Start [tomorrow]")),
         Code::unauthorized, {"does not hold now", "tomorrow"});
  expect(with_sas(refusal(403, "AuthenticationFailed", "Signature did not match.")), Code::unauthorized,
         {"does not belong to account 'acme1' and this container"});
  expect(with_sas(refusal(403, "AuthorizationPermissionMismatch")), Code::unauthorized,
         {"make a SAS with the permission c and w"});
  expect(with_sas(refusal(403, "AuthorizationSourceIPMismatch")), Code::unauthorized, {"other addresses"});
  expect(with_sas(refusal(403, "AuthorizationResourceTypeMismatch")), Code::unauthorized, {"srt=co"});
}

TEST(AzblobError, ADenialNamesTheRoleThatIsMissing) {
  expect(with_token(refusal(403, "AuthorizationPermissionMismatch")), Code::unauthorized,
         {"asked with the service principal 1234", "--role 'Storage Blob Data Contributor' --assignee 1234",
          "/storageAccounts/acme1/blobServices/default/containers/runs"});
  AzblobRefusal reading = with_token(refusal(403, "AuthorizationPermissionMismatch"));
  reading.purpose = azblob_read;
  expect(reading, Code::unauthorized, {"cannot read", "'Storage Blob Data Reader'"});
  reading.purpose = azblob_list;
  reading.key = "";
  expect(reading, Code::unauthorized, {"cannot list container 'runs' of account 'acme1'"});
  expect(with_token(refusal(403, "AuthorizationFailure")), Code::unauthorized, {"firewall"});
  expect(refusal(403, "KeyBasedAuthenticationNotPermitted"), Code::unauthorized,
         {"takes no keys", "az login"});
}

TEST(AzblobError, ATokenOfAnotherTenantIsTold) {
  expect(with_token(
             refusal(401, "InvalidAuthenticationInfo", "Issuer validation failed. Issuer did not match.")),
         Code::unauthorized, {"another tenant", "az login --tenant"});
  expect(with_token(refusal(401, "InvalidAuthenticationInfo", "Audience validation failed.")),
         Code::unauthorized,
         {"does not take the token of the service principal 1234", "Audience validation failed"});
}

TEST(AzblobError, WhatPassesIsUnavailable) {
  expect(refusal(503, "ServerBusy"), Code::unavailable,
         {"https://acme1.blob.core.windows.net:443 answers ServerBusy"});
  expect(refusal(409, "ContainerBeingDeleted"), Code::unavailable, {"wait some minutes"});
  expect(refusal(400, "Md5Mismatch"), Code::unavailable, {"changed on the way"});
  expect(refusal(429, ""), Code::unavailable, {"status 429"});
}

TEST(AzblobError, WhatDoesNotPassNamesItsCure) {
  expect(refusal(409, "BlobArchived"), Code::invalid_argument, {"set-tier"});
  expect(refusal(412, "LeaseIdMissing"), Code::unauthorized, {"lease break"});
  expect(refusal(409, "BlobImmutableDueToPolicy"), Code::unauthorized, {"policy"});
  expect(refusal(400, "InvalidInput"), Code::invalid_argument, {"InvalidInput: said by the server"});
}

}  // namespace
}  // namespace tradewind::objectstore
