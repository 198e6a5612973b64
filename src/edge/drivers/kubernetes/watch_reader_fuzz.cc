// Any bytes are events or are refused, and the same ones whether they come at once or one by one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/drivers/kubernetes/watch_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tradewind::kubernetes::WatchReader whole;
  const auto at_once = whole.read(bytes);
  tradewind::kubernetes::WatchReader piecewise;
  std::size_t count = 0;
  bool refused = false;
  for (std::size_t at = 0; at < size && !refused; ++at) {
    const auto some = piecewise.read(bytes.substr(at, 1));
    refused = !some.ok();
    count += some.ok() ? some->size() : 0;
  }
  if (refused == at_once.ok()) std::abort();
  if (at_once.ok() && count != at_once->size()) std::abort();
  return 0;
}
