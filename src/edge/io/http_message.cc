#include "edge/io/http_message.h"

#include "base/text.h"

namespace tradewind::io {

std::string_view header_of(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const HttpHeader& header : headers) {
    if (header.name.size() == name.size() && starts_with_ignoring_case(header.name, name))
      return header.value;
  }
  return {};
}

}  // namespace tradewind::io
