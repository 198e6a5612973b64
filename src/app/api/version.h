// Which program this is, and which REST API it speaks.
#pragma once

#include <string_view>

namespace tradewind::api {

inline constexpr std::string_view program_version = TRADEWIND_VERSION;
// Raised when a request or an answer changes in a way that an older peer would misread.
inline constexpr int api_version = 1;
// Sent with every answer: "0.1.0 api=1".
inline constexpr std::string_view version_header = "Tradewind-Version";

}  // namespace tradewind::api
