// What Google's JSON APIs refuse with. Pure. https://cloud.google.com/apis/design/errors
#pragma once

#include <string>
#include <string_view>

namespace tradewind::cloud {

// {"error":{"code":403,"message":…,"errors":[{"reason":"forbidden"}],"details":[{"reason":"BILLING_DISABLED"}]}}.
// Answers to a download refuse in plain text, which is then the message. Empty where the body is neither.
struct GoogleProblem {
  std::string reason;   // "forbidden"
  std::string detail;   // of google.rpc.ErrorInfo: "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
  std::string message;  // its first line, at most 500 bytes
};
GoogleProblem parse_google_problem(std::string_view body);

}  // namespace tradewind::cloud
