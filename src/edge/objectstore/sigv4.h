// AWS Signature Version 4 in its S3 form, pure:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "edge/io/http_message.h"
#include "edge/objectstore/query.h"

namespace tradewind::objectstore {

struct SignableRequest {
  std::string method;
  std::string path;  // as it travels: percent-encoded once
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

// "20130524T000000Z".
std::string amz_date(Time now);
// The value of the Authorization header. `now` is what x-amz-date says.
std::string sigv4_authorization(const SignableRequest& request, const SigningKey& key, Time now);

}  // namespace tradewind::objectstore
