// The target of a request: its path and query, in the percent-encoding of RFC 3986.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::io {

struct HttpTarget {
  std::vector<std::string> parts;            // of the path, decoded: "/v1/jobs/a%20b" is {"v1","jobs","a b"}
  std::map<std::string, std::string> query;  // decoded; of a repeated key the last
};

// invalid_argument: does not begin with '/', a broken percent-encoding, or a byte below 0x20 in it.
Result<HttpTarget> parse_http_target(std::string_view target);

// Unreserved characters stay, all others become %XX in capital hex.
std::string percent_encode(std::string_view text);

}  // namespace tradewind::io
