// Any text as a list of what was available: no crash, and what is accepted can be used.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/traces/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::traces;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Polarity polarity : {Polarity::available, Polarity::unavailable}) {
    const auto trace = import_trace(text, {.id = "x", .polarity = polarity, .nodes = 3, .gaps = Gaps::down});
    if (trace.ok() && !check(*trace).ok()) std::abort();
  }
  return 0;
}
