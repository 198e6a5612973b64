// What AWS refuses with, in each of its protocols, and what that means for whoever asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/io/http_message.h"

namespace tradewind::cloud {

struct AwsProblem {
  int status = 0;
  std::string code;        // "InsufficientInstanceCapacity"; "" where the body is none of AWS's
  std::string message;     // its first line, at most 500 bytes
  std::string request_id;  // "": it tells none
};
// From the XML of EC2 (<Response><Errors><Error>) and of the other query services (<ErrorResponse><Error>),
// or the JSON of the rest ({"__type":"com.amazonaws.ssm#ParameterNotFound","message":…}).
AwsProblem parse_aws_problem(const io::HttpResponse& answer);

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
enum class AwsFault {
  capacity,   // none left there: another offer
  quota,      // of the account: an operator must act
  throttled,  // the same request, later
  identity,   // the key, the signature or the clock
  denied,     // the key is good, and may not do this
  not_found,
  conflict,
  passing,  // the service failed: the same request, later
  invalid,  // never unchanged
  dry_run,  // it would have worked
};
AwsFault aws_fault(const AwsProblem& problem);

// Has the fault's code, and a sentence with the service, the action and AWS's own words. `permission`, such
// as "ec2:RunInstances", is named where it is missing; `identity`: who asked, "the environment".
Error aws_error(const std::string& service, const std::string& action, const AwsProblem& problem,
                const std::string& permission, const std::string& identity);

}  // namespace tradewind::cloud
