// What a server says of an error, for people.
#pragma once

#include <string>
#include <string_view>

namespace tradewind::cloud {

// Its first line, without what a terminal would act on, and no longer than 500 bytes.
std::string one_line(std::string_view text);

}  // namespace tradewind::cloud
