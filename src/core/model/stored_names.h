// What names that are read from a store must be: others may have written there.
#pragma once

#include <string_view>

namespace tradewind {

// A relative path, parts joined by '/', that leads nowhere but below the folder that it is put in.
bool stays_below(std::string_view path);

// 64 hex digits in lower case, as digests and manifest ids are.
bool is_digest(std::string_view text);

}  // namespace tradewind
