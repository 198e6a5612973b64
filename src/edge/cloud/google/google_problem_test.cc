#include "edge/cloud/google/google_problem.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

// https://cloud.google.com/storage/docs/json_api/v1/status-codes
TEST(GoogleProblem, AProblemHasItsReasonAndItsSentence) {
  GoogleProblem problem =
      parse_google_problem(R"({"error": {"errors": [{"domain": "global", "reason": "required",
      "message": "Login Required", "locationType": "header", "location": "Authorization"}],
      "code": 401, "message": "Login Required"}})");
  EXPECT_EQ(problem.reason, "required");
  EXPECT_EQ(problem.message, "Login Required");
  problem =
      parse_google_problem(R"({"error": {"code": 403, "message": "Request had insufficient scopes.\nMore.",
      "errors": [{"message": "m", "domain": "global", "reason": "insufficientPermissions"}],
      "status": "PERMISSION_DENIED", "details": [{"@type": "type.googleapis.com/google.rpc.Help"},
      {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}})");
  EXPECT_EQ(problem.reason, "insufficientPermissions");
  EXPECT_EQ(problem.detail, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
  EXPECT_EQ(problem.message, "Request had insufficient scopes.");
}

TEST(GoogleProblem, ADownloadIsRefusedInPlainText) {
  EXPECT_EQ(parse_google_problem("No such object: runs/p/a\n").message, "No such object: runs/p/a");
  EXPECT_EQ(parse_google_problem("<html><title>502</title></html>").message, "");
  EXPECT_EQ(parse_google_problem("").message, "");
  EXPECT_EQ(parse_google_problem("\x1b[31mred").message, "?[31mred");
  EXPECT_EQ(parse_google_problem(R"({"error":"invalid_grant"})").message, "");
  EXPECT_EQ(parse_google_problem(R"({"error":{"errors":[1,{"reason":2}],"details":{}}})").reason, "");
}

}  // namespace
}  // namespace tradewind::cloud
