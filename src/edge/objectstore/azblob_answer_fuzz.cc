// Whatever a server answers: no crash, and what is read as a list holds to its own terms.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/cloud/http_date.h"
#include "edge/objectstore/azblob_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::objectstore;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = parse_azblob_list(text);
  if (list.ok()) {
    for (const AzblobEntry& entry : list->entries) {
      if (entry.name.empty()) std::abort();
      // The parser takes no date that is written in another way.
      if (cloud::parse_http_date(cloud::format_http_date(entry.modified_at)) != entry.modified_at)
        std::abort();
    }
    for (const std::string& folder : list->folders) {
      if (folder.empty()) std::abort();
    }
  }
  const AzblobProblem problem = parse_azblob_problem(text);
  if (problem.message.find('\n') != std::string::npos) std::abort();
  return 0;
}
