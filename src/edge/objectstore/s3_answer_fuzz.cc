// Whatever a server answers: no crash, and what is read as a list holds to its own terms.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/cloud/http_date.h"
#include "edge/objectstore/s3_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::objectstore;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = parse_s3_list(text);
  if (list.ok() && list->truncated && list->next_token.empty()) std::abort();
  if (list.ok()) {
    for (const S3Entry& entry : list->entries) {
      if (entry.key.empty()) std::abort();
    }
  }
  (void)parse_s3_problem(text);
  (void)parse_s3_upload_id(text);
  (void)cloud::parse_http_date(text);
  return 0;
}
