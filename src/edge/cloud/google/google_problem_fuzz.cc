// Whatever an API answers: no crash, and one line that a terminal can show.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/cloud/google/google_problem.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto problem = tradewind::cloud::parse_google_problem(text);
  if (problem.message.size() > 500 || problem.message.find_first_of("\r\n\x1b") != std::string::npos)
    std::abort();
  return 0;
}
