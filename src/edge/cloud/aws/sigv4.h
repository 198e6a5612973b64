// AWS Signature Version 4, pure, in the form of S3 and in that of all other services:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "edge/cloud/query.h"
#include "edge/io/http_message.h"

namespace tradewind::cloud {

struct SignableRequest {
  std::string method;
  std::string path;  // as it travels: percent-encoded once. Others than S3 sign it encoded once more
  Query query;
  std::vector<io::HttpHeader> headers;  // all of them are signed; Host and x-amz-date must be among them
  std::string payload_sha256;           // hex, or "UNSIGNED-PAYLOAD"
};

struct SigningKey {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
  std::string service = "s3";
};

// A request in whose query its signature stands: whoever has the URL may make it for so long.
struct PresignRequest {
  std::string method;
  std::string host;
  std::string path;  // as it travels
  std::string session_token = {};
  Duration lifetime{};  // of whole seconds; at most seven days
};
// The query of the URL, encoded. The payload is not signed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
std::string sigv4_presigned_query(const PresignRequest& request, const SigningKey& key, Time now);

// "20130524T000000Z".
std::string amz_date(Time now);
// The value of the Authorization header. `now` is what x-amz-date says.
std::string sigv4_authorization(const SignableRequest& request, const SigningKey& key, Time now);

}  // namespace tradewind::cloud
