#include <cstdint>
#include <string_view>

#include "core/model/ledger_record.h"
#include "core/model/testing/fuzz_round_trip.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<json::value> document =
      parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (document.ok()) require_round_trip(*document, ledger_record_from_json);
  return 0;
}
