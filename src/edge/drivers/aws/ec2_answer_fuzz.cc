// Whatever answers in EC2's place: no crash, and nothing without a name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/drivers/aws/ec2_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::aws;
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  if (const auto page = parse_instances(xml); page.ok()) {
    for (const Ec2Instance& each : page->instances) {
      if (each.id.empty() || each.state_code < 0 || each.state_code > 255) std::abort();
    }
  }
  (void)parse_launched(xml);
  (void)parse_ending_state(xml);
  (void)parse_spot_prices(xml);
  (void)parse_security_groups(xml);
  (void)parse_made_group(xml);
  (void)parse_subnets(xml);
  (void)parse_images(xml);
  (void)parse_zones(xml);
  (void)parse_caller(xml);
  (void)time_in(xml);
  return 0;
}
