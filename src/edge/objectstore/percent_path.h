// Paths of any bytes inside URLs (RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tradewind::objectstore {

// "/srv/my%20store": unreserved characters and '/' stay, all others become %XX in capital hex.
std::string percent_encoded_path(std::string_view path);
// Nothing where an escape is bad or stands for NUL, which no path can hold.
std::optional<std::string> percent_decoded_path(std::string_view text);

}  // namespace tradewind::objectstore
