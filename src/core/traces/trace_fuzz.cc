// Any document as a trace: no crash, what is accepted can be used, and reads back as it was written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/traces/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind;  // NOLINT(google-build-using-namespace)
  const Result<json::value> document =
      parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document.ok()) return 0;
  const Result<traces::Trace> trace = traces::trace_from_json(*document);
  if (!trace.ok()) return 0;
  if (!traces::check(*trace).ok()) std::abort();
  const Result<traces::Trace> again = traces::trace_from_json(traces::to_json(*trace));
  if (!again.ok() || !(*again == *trace)) std::abort();
  return 0;
}
