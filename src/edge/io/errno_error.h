// Operating system errors as Errors.
#pragma once

#include <string>

#include "base/result.h"

namespace tradewind::io {

// "cannot <what>: <the system's words>", with the code that callers decide on: not_found (ENOENT, ENOTDIR),
// unauthorized (EACCES, EPERM, EROFS), conflict (EEXIST), unavailable (full disk, out of processes,
// descriptors or memory, interrupted), invalid_argument (name too long, loops), else internal. Known cures go
// to the hint.
Error errno_error(int error_number, const std::string& what);

}  // namespace tradewind::io
