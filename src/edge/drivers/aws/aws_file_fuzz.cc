// Any bytes are read to the end or refused with a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/drivers/aws/aws_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind;
  const aws::RegionsOutcome outcome = aws::parse_regions({reinterpret_cast<const char*>(data), size});
  if (!outcome.errors.empty()) return 0;
  for (const aws::RegionConfig& region : outcome.regions) {
    if (region.name.empty() || (!region.spot && !region.on_demand) || region.disk_gib <= 0) std::abort();
  }
  return 0;
}
