// The times in HTTP's headers (RFC 9110 §5.6.7, the preferred form). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tradewind::objectstore {

// "Fri, 24 May 2013 00:00:00 GMT". Nothing when it is none.
std::optional<Time> parse_http_date(std::string_view text);
// Of whole seconds.
std::string format_http_date(Time time);

}  // namespace tradewind::objectstore
