// Any bytes are zones or errors, never a crash; zones survive their JSON form.
#include <cstdint>
#include <cstdlib>

#include "edge/drivers/local/zones_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::local;
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const ZonesOutcome outcome = parse_zones(yaml, "/folder");
  if (!outcome.errors.empty()) return 0;
  for (const Zone& zone : outcome.zones) {
    const tradewind::Result<Zone> again = zone_from_json(to_json(zone), "zone");
    if (!again || again->name != zone.name || again->trace != zone.trace) std::abort();
    if (!zone.trace) continue;
    for (const long seconds : {0L, 1L, 1000L, 1000000L}) {
      const tradewind::Duration elapsed = std::chrono::seconds(seconds);
      const auto loss = next_loss(*zone.trace, elapsed);
      if (loss && (*loss < elapsed || available_at(*zone.trace, *loss))) std::abort();
    }
  }
  return 0;
}
