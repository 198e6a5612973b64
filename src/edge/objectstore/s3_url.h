// s3: URLs: a bucket, a prefix, and how to get there.
//   s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1&path_style=yes&profile=name
// The prefix follows the rules of keys. All of the query is optional. A URL never holds a secret.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/io/http_socket.h"

namespace tradewind::objectstore {

struct S3Url {
  std::string bucket;
  std::string prefix;                        // "" or "a/b", no slash at either end
  std::string region;                        // "": not said
  std::string profile;                       // "": not said
  std::optional<io::HttpEndpoint> endpoint;  // nothing: Amazon's own
  std::optional<bool> path_style;
  bool operator==(const S3Url&) const = default;
};

// invalid_argument: what is wrong in it, and how it is written. What looks like a secret is not repeated.
Result<S3Url> parse_s3_url(std::string_view url);
std::string to_text(const S3Url& url);

// Where requests for a bucket go.
struct S3Address {
  io::HttpEndpoint endpoint;
  std::string path;  // before the key: "/" or "/bucket/"
};
// REQUIRES: a region that is set. Virtual-host style at Amazon, unless a dot in the bucket's name would break
// its certificate; path style at all other endpoints; as the URL says where it says so.
S3Address address_of(const S3Url& url);

}  // namespace tradewind::objectstore
