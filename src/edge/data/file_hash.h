// SHA-256 of a file.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace tradewind::data {

// Of a file's bytes, in lower-case hex.
Result<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace tradewind::data
