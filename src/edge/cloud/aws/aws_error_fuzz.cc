// Whatever answers in AWS's place: no crash, and one line that a terminal can show.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "edge/cloud/aws/aws_error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const cloud::AwsProblem problem = cloud::parse_aws_problem({400, {}, body, {}});
  const Error error = cloud::aws_error("EC2", "x", problem, "ec2:x", "nobody");
  if (error.message.size() > 2000 || error.message.find_first_of("\r\n\x1b") != std::string::npos)
    std::abort();
  return 0;
}
