// What the program says to the shell: docs/decisions and docs/cli.md promise these numbers.
#pragma once

#include "base/result.h"

namespace tradewind::cli {

enum class ExitCode {
  done = 0,
  failed = 1,  // the job failed, a check found something wrong
  usage = 2,   // the command line or the task file
  not_found = 3,
  refused = 4,        // by policy, budget, quota or a missing right
  unavailable = 5,    // try again later
  interrupted = 130,  // Ctrl-C, as shells have it; what was submitted goes on
};

inline ExitCode exit_code_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return ExitCode::usage;
    case Code::not_found:
      return ExitCode::not_found;
    case Code::quota_exceeded:
    case Code::unauthorized:
      return ExitCode::refused;
    case Code::unavailable:
    case Code::rate_limited:
    case Code::insufficient_capacity:
      return ExitCode::unavailable;
    case Code::conflict:
    case Code::corrupt:
    case Code::fenced:
    case Code::cancelled:
    case Code::internal:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace tradewind::cli
