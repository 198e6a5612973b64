// From an answer that refuses to a sentence that names the bucket, the region, who asked, and the cure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/s3_answer.h"

namespace tradewind::objectstore {

// What a call is for, in words and as the right that it takes.
struct S3Purpose {
  std::string_view verb;   // "write"
  std::string_view right;  // "s3:PutObject"
};
inline constexpr S3Purpose s3_write{"write", "s3:PutObject"};
inline constexpr S3Purpose s3_read{"read", "s3:GetObject"};
inline constexpr S3Purpose s3_list{"list", "s3:ListBucket"};
inline constexpr S3Purpose s3_remove{"remove", "s3:DeleteObject"};

struct S3Refusal {
  S3Purpose purpose;
  std::string url;  // the store's
  std::string bucket;
  std::string key;     // within the bucket; "" for a list
  std::string server;  // "https://b.s3.eu-west-1.amazonaws.com:443"
  std::string region;  // that was signed for
  std::string access_key_id;
  std::string key_source;  // "the environment"
  int status = 0;
  S3Problem problem;
};

// not_found only where the object is missing: a missing bucket is invalid_argument, or a ledger would look
// empty.
Error s3_error(const S3Refusal& refusal);

}  // namespace tradewind::objectstore
