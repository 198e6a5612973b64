// The times in HTTP's headers (RFC 9110 §5.6.7, the preferred form). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "edge/io/http_message.h"

namespace tradewind::cloud {

// "Fri, 24 May 2013 00:00:00 GMT". Nothing when it is none.
std::optional<Time> parse_http_date(std::string_view text);
// Of whole seconds.
std::string format_http_date(Time time);

// How far the clock of whoever answered is ahead of ours, by the header Date. Nothing where it does not say.
std::optional<Duration> server_ahead(const std::vector<io::HttpHeader>& headers, Time now);

}  // namespace tradewind::cloud
