#include "edge/objectstore/s3_error.h"

#include <algorithm>
#include <array>

namespace tradewind::objectstore {
namespace {

using Codes = std::initializer_list<std::string_view>;

bool is_one_of(const std::string& code, Codes codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string who(const S3Refusal& refusal) {
  return refusal.access_key_id + " (from " + refusal.key_source + ")";
}

std::string what(const S3Refusal& refusal) {
  return "cannot " + std::string(refusal.purpose.verb) + " " +
         (refusal.key.empty() ? "bucket '" + refusal.bucket + "'"
                              : "s3://" + refusal.bucket + "/" + refusal.key) +
         " in region " + refusal.region;
}

// "AccessDenied: its sentence", or the status where there was no sentence.
std::string said(const S3Refusal& refusal) {
  const S3Problem& problem = refusal.problem;
  if (problem.code.empty()) return "status " + std::to_string(refusal.status);
  return problem.code + (problem.message.empty() ? "" : ": " + problem.message.substr(0, 300));
}

Error about_identity(const S3Refusal& refusal) {
  const std::string& code = refusal.problem.code;
  const std::string start = what(refusal) + ": ";
  if (code == "InvalidAccessKeyId") {
    return {Code::unauthorized, start + refusal.server + " does not know the access key " + who(refusal),
            "is it of another account or endpoint, or was it deleted?"};
  }
  if (code == "SignatureDoesNotMatch") {
    return {Code::unauthorized, start + "the secret does not belong to the access key " + who(refusal),
            "set both anew; look for spaces at their ends"};
  }
  if (is_one_of(code, {"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "ExpiredTokenException"})) {
    return {Code::unauthorized, start + "the session of " + who(refusal) + " has expired",
            "sign on again, or fetch new keys where these came from"};
  }
  return {Code::unauthorized, start + "this machine's clock differs too much from the server's",
          "set the clock, for instance by switching on time synchronisation"};
}

Error about_region(const S3Refusal& refusal) {
  const std::string& region = refusal.problem.region;
  if (region.empty()) {
    return {Code::invalid_argument,
            what(refusal) + ": the bucket is in another region (" + said(refusal) + ")",
            "add region=REGION to the URL"};
  }
  return {Code::invalid_argument,
          what(refusal) + ": the bucket '" + refusal.bucket + "' is in region " + region,
          "add region=" + region + " to the URL"};
}

Error denied(const S3Refusal& refusal) {
  const std::string resource =
      "arn:aws:s3:::" + refusal.bucket + (refusal.key.empty() ? "" : "/" + refusal.key);
  return {Code::unauthorized, what(refusal) + ": " + said(refusal) + "; asked as " + who(refusal),
          "allow it " + std::string(refusal.purpose.right) + " on " + resource};
}

Error missing(const S3Refusal& refusal) {
  if (refusal.problem.code == "NoSuchBucket" || refusal.key.empty()) {
    return {Code::invalid_argument,
            what(refusal) + ": there is no bucket '" + refusal.bucket + "' at " + refusal.server,
            "create it (aws s3 mb s3://" + refusal.bucket + "), or correct the URL"};
  }
  return {Code::not_found, refusal.url + " holds no object '" + refusal.key + "'"};
}

}  // namespace

Error s3_error(const S3Refusal& refusal) {
  const std::string& code = refusal.problem.code;
  if (is_one_of(code, {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
                       "TokenRefreshRequired", "ExpiredTokenException", "RequestTimeTooSkewed"})) {
    return about_identity(refusal);
  }
  if (refusal.status == 301 || code == "AuthorizationHeaderMalformed" || refusal.status == 307 ||
      (refusal.status == 400 && !refusal.problem.region.empty())) {
    return about_region(refusal);
  }
  if (refusal.status == 401 || refusal.status == 403) return denied(refusal);
  if (refusal.status == 404) return missing(refusal);
  if (refusal.status == 501) {
    return {Code::invalid_argument,
            what(refusal) + ": the store does not implement it (" + said(refusal) + ")",
            "a store that cannot create only what is absent holds no ledger: choose another"};
  }
  if (is_one_of(code, {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"}) ||
      refusal.status == 507) {
    return {Code::quota_exceeded, what(refusal) + ": the store is full (" + said(refusal) + ")",
            "remove what is not needed, or raise the quota"};
  }
  if (refusal.status >= 500 || refusal.status == 429 || refusal.status == 409) {
    return {Code::unavailable, what(refusal) + ": " + refusal.server + " answers " + said(refusal)};
  }
  return {Code::invalid_argument, what(refusal) + ": " + said(refusal)};
}

}  // namespace tradewind::objectstore
