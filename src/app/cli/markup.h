// Text inside the pictures and pages that commands write.
#pragma once

#include <string>
#include <string_view>

namespace tradewind::cli {

// As text or as an attribute's value of SVG and HTML; control characters are left out.
std::string escape(std::string_view text);

}  // namespace tradewind::cli
