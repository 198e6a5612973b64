// Base64 (RFC 4648 §4, padded), and the question that decides whether it is needed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::api {

std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);
// Well-formed UTF-8 without surrogates or overlong forms.
bool is_utf8(std::string_view bytes);

}  // namespace tradewind::api
