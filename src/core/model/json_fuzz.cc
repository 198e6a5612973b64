// Any bytes: no crash in the JSON parser or in a reader; JSON reads back as itself, and so does every record.
#include <cstdint>
#include <string_view>

#include "core/model/records.h"
#include "core/model/testing/fuzz_round_trip.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<json::value> document = parse_json(text);
  if (!document.ok()) return 0;
  const std::string written = to_text(*document);
  const Result<json::value> again = parse_json(written);
  if (!again.ok() || to_text(*again) != written) std::abort();
  const Result<json::value> pretty = parse_json(to_pretty(*document));
  if (!pretty.ok() || to_text(*pretty) != written) std::abort();
  require_round_trip(*document, offer_from_json);
  require_round_trip(*document, job_spec_from_json);
  require_round_trip(*document, resource_request_from_json);
  require_round_trip(*document, agent_status_from_json);
  require_round_trip(*document, order_from_json);
  require_round_trip(*document, instance_ref_from_json);
  require_round_trip(*document, job_record_from_json);
  require_round_trip(*document, lease_record_from_json);
  require_round_trip(*document, move_record_from_json);
  return 0;
}
