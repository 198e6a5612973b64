// file: URLs (RFC 8089) to and from the bytes of a path.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::objectstore {

// "file:///srv/my%20store". REQUIRES: an absolute path.
std::string file_url(std::string_view absolute_path);

// The path of "file:///srv/my%20store" or "file://localhost/srv". invalid_argument: another host, a relative
// path, a bad escape, a query or fragment.
Result<std::string> path_of_file_url(std::string_view url);

}  // namespace tradewind::objectstore
