#include "edge/objectstore/head_answer.h"

#include <charconv>
#include <optional>

#include "edge/cloud/http_date.h"

namespace tradewind::objectstore {
namespace {

std::uint64_t number_or_zero(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Result<ObjectInfo> object_info_of(const std::vector<io::HttpHeader>& headers, std::string_view key,
                                  const std::string& shown) {
  // "bytes 0-0/1234" where a first byte was asked for.
  const std::string_view range = io::header_of(headers, "Content-Range");
  const std::string_view size =
      range.empty() ? io::header_of(headers, "Content-Length") : range.substr(range.find('/') + 1);
  const std::optional<Time> modified = cloud::parse_http_date(io::header_of(headers, "Last-Modified"));
  if (!modified) return Error{Code::corrupt, shown + " has no time of its last change"};
  return ObjectInfo{std::string(key), number_or_zero(size), *modified};
}

}  // namespace tradewind::objectstore
