// The XML that S3 answers with, and the times in its headers. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::objectstore {

// <Error>: empty where the body holds none.
struct S3Problem {
  std::string code;     // "NoSuchKey"
  std::string message;  // the server's sentence
  std::string region;   // where it says that the bucket is elsewhere
};
S3Problem parse_s3_problem(std::string_view xml);

struct S3Entry {
  std::string key;  // of the bucket, decoded
  std::uint64_t size_bytes = 0;
  Time modified_at;  // whole seconds, as in headers: servers differ in whether lists have fractions
};
struct S3List {
  std::vector<S3Entry> entries;
  bool truncated = false;
  std::string next_token;  // continues a truncated list
};
// Of a list of version 2 asked for with encoding-type=url. corrupt: it is none.
Result<S3List> parse_s3_list(std::string_view xml);

// The id of a multipart upload that has begun. corrupt: the answer has none.
Result<std::string> parse_s3_upload_id(std::string_view xml);

// What a copy within the server came to. Empty where the answer does not say so: it may say 200 first, and
// find out later that it failed.
struct S3Copied {
  std::string etag;
  std::string sha256;  // base64
};
S3Copied parse_s3_copied(std::string_view xml);

// What completes a multipart upload: ETags of its parts in order, as the server gave them.
std::string s3_completion(const std::vector<std::string>& etags);

}  // namespace tradewind::objectstore
