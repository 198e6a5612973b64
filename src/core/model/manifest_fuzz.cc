#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/manifest.h"
#include "core/model/testing/fuzz_round_trip.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<json::value> document =
      parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document.ok()) return 0;
  require_round_trip(*document, manifest_from_json);
  const Result<Manifest> whole = manifest_from_json(*document, "");
  if (!whole.ok()) return 0;
  const Result<Manifest> by_files = manifest_from_text(to_text(*document), std::size_t{1} << 20);
  if (!by_files.ok() || !(*by_files == *whole) || to_text(*whole) != to_text(to_json(*whole))) std::abort();
  return 0;
}
