// The secret that TCP clients show: 64 hex digits in a file that only its user can read.
#pragma once

#include <string>

#include "base/result.h"

namespace tradewind::server {

// Reads the token, or makes the file (0600) with a fresh one. unauthorized: others can read the file, or we
// cannot; corrupt: what it holds is no token.
Result<std::string> load_or_make_token(const std::string& path);

}  // namespace tradewind::server
