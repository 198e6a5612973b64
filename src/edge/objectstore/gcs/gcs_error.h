// From an answer that refuses to a sentence that names the bucket, who asked, the permission, and the cure.
// Reasons and sentences: https://cloud.google.com/storage/docs/json_api/v1/status-codes
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cloud/google/google_credentials.h"
#include "edge/cloud/google/google_problem.h"
#include "edge/objectstore/gcs/gcs_answer.h"

namespace tradewind::objectstore {

// What a call is for, in words and as the permission that it takes.
struct GcsPurpose {
  std::string_view verb;        // "write"
  std::string_view permission;  // "storage.objects.create"
};
inline constexpr GcsPurpose gcs_write{"write", "storage.objects.create"};  // and .delete, to replace
inline constexpr GcsPurpose gcs_read{"read", "storage.objects.get"};
inline constexpr GcsPurpose gcs_list{"list", "storage.objects.list"};
inline constexpr GcsPurpose gcs_remove{"remove", "storage.objects.delete"};

struct GcsRefusal {
  GcsPurpose purpose;
  std::string url;  // the store's
  std::string bucket;
  std::string key;      // within the bucket; "" for a list
  std::string server;   // "https://storage.googleapis.com:443"
  std::string project;  // of the URL, that pays; "": none
  cloud::GoogleCredential credential;
  int status = 0;
  cloud::GoogleProblem problem;
};

// What a 404 says of the bucket, in Google's own words.
enum class GcsMissing { object, bucket, unclear };
GcsMissing gcs_missing(const cloud::GoogleProblem& problem);

// not_found only where the object is missing: a missing bucket is invalid_argument, or a ledger would look
// empty.
Error gcs_error(const GcsRefusal& refusal);

}  // namespace tradewind::objectstore
