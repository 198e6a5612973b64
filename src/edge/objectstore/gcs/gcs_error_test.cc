#include "edge/objectstore/gcs/gcs_error.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

GcsRefusal refusal(int status, const std::string& reason, const std::string& message,
                   const std::string& detail = "") {
  return {gcs_write,
          "gs://runs/p",
          "runs",
          "p/a",
          "https://storage.googleapis.com:443",
          "",
          {"hunter2",
           {},
           "the service account me@acme.iam.gserviceaccount.com (in /k.json)",
           "serviceAccount:me@acme.iam.gserviceaccount.com",
           "make a new key",
           ""},
          status,
          {reason, detail, message}};
}

void expect(const GcsRefusal& refused, Code code, const std::vector<const char*>& parts) {
  const Error error = gcs_error(refused);
  EXPECT_EQ(error.code, code) << describe(error);
  for (const char* part : parts) {
    EXPECT_NE(describe(error).find(part), std::string::npos) << part << " is not in: " << describe(error);
  }
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos) << describe(error);
}

TEST(GcsError, OnlyAMissingObjectIsNotFound) {
  expect(refusal(404, "notFound", "No such object: runs/p/a"), Code::not_found, {"holds no object 'p/a'"});
  expect(refusal(404, "notFound", "The specified bucket does not exist."), Code::invalid_argument,
         {"there is no bucket 'runs' at https://storage.googleapis.com",
          "gcloud storage buckets create gs://runs"});
  expect(refusal(404, "", ""), Code::invalid_argument, {"there is no bucket 'runs'"});
}

TEST(GcsError, ADenialNamesThePermissionWhoAskedAndTheRole) {
  expect(refusal(403, "forbidden",
                 "me@acme.iam.gserviceaccount.com does not have storage.objects.create access to the Google "
                 "Cloud Storage object. Permission 'storage.objects.create' denied on resource (or it may "
                 "not exist)."),
         Code::unauthorized,
         {"cannot write gs://runs/p/a: forbidden", "asked by the service account me@acme",
          "allow it storage.objects.create: gcloud storage buckets add-iam-policy-binding gs://runs "
          "--member=serviceAccount:me@acme.iam.gserviceaccount.com --role=roles/storage.objectUser"});
  expect(refusal(403, "forbidden", "me does not have storage.objects.delete access to x."),
         Code::unauthorized, {"allow it storage.objects.delete:"});
  GcsRefusal list = refusal(403, "forbidden", "Forbidden");
  list.purpose = gcs_list;
  list.key = "";
  list.credential.member = "";
  expect(list, Code::unauthorized,
         {"cannot list bucket 'runs'", "storage.objects.list",
          "--member=WHO --role=roles/storage.objectViewer"});
}

TEST(GcsError, ATokenThatIsNotTakenSaysHowToComeByAnother) {
  expect(
      refusal(401, "authError", "Invalid Credentials"), Code::unauthorized,
      {"the server does not take the token of the service account me@acme", "authError", "make a new key"});
  GcsRefusal anonymous = refusal(401, "required",
                                 "Anonymous caller does not have storage.objects.create access to the Google "
                                 "Cloud Storage object.");
  anonymous.credential = {"", {}, "nobody: the URL or its emulator is anonymous", "allUsers", "", ""};
  expect(anonymous, Code::unauthorized, {"asked by nobody", "drop anonymous=yes from the URL"});
}

TEST(GcsError, WhatTheProjectOrTheBucketForbidsHasItsOwnCure) {
  expect(refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.",
                 "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
         Code::unauthorized, {"--scopes=cloud-platform"});
  expect(refusal(403, "accountDisabled",
                 "The billing account for the owning project is disabled in state absent"),
         Code::unauthorized, {"gcloud billing projects link"});
  expect(refusal(403, "forbidden", "off", "SERVICE_DISABLED"), Code::unauthorized,
         {"gcloud services enable storage.googleapis.com"});
  expect(
      refusal(400, "userProjectMissing", "Bucket is a requester pays bucket but no user project provided."),
      Code::invalid_argument, {"add project=PROJECT"});
  expect(refusal(403, "forbidden", "no", "USER_PROJECT_DENIED"), Code::unauthorized,
         {"roles/serviceusage.serviceUsageConsumer"});
  expect(refusal(403, "retentionPolicyNotMet", "until 2030"), Code::unauthorized, {"retention policy"});
  expect(refusal(412, "orgPolicyConstraintFailed", "no"), Code::unauthorized, {"organisation"});
  expect(refusal(400, "cloudKmsDisabledKey", "no"), Code::unauthorized, {"Cloud KMS"});
  expect(refusal(403, "quotaExceeded", "no"), Code::quota_exceeded, {"raise the quota"});
}

TEST(GcsError, WhatPassesIsUnavailable) {
  expect(
      refusal(429, "rateLimitExceeded", "The object exceeded the rate limit for object mutation operations"),
      Code::unavailable, {"an object may be replaced once a second"});
  expect(refusal(503, "backendError", "Backend Error"), Code::unavailable, {"answers backendError"});
  expect(refusal(500, "", ""), Code::unavailable, {"answers status 500"});
  expect(refusal(403, "userRateLimitExceeded", "slow"), Code::unavailable, {"ask less often"});
  expect(refusal(400, "invalid", R"(Provided CRC32C "A==" doesn't match calculated CRC32C "B==".)"),
         Code::unavailable, {"its bytes changed on the way"});
}

TEST(GcsError, TheRestIsSaidAsItCame) {
  expect(refusal(400, "invalid", "Invalid argument."), Code::invalid_argument, {"answers invalid: Invalid"});
  expect(refusal(307, "", ""), Code::invalid_argument, {"sends elsewhere", "proxy"});
}

}  // namespace
}  // namespace tradewind::objectstore
