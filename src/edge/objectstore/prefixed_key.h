// Keys of a store that shares its bucket or container: all begin with the prefix of the store's URL.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::objectstore {

// "a/b" under "p" is "p/a/b". invalid_argument: no key, or longer than 1024 bytes with the prefix.
Result<std::string> prefixed_key(std::string_view prefix, std::string_view key);

}  // namespace tradewind::objectstore
