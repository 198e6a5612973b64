// Whatever a supplier's program answers: no crash, and what is read keeps to what was asked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/drivers/exec/exec_answer.h"

namespace {

using namespace tradewind;  // NOLINT(google-build-using-namespace)

void require(bool holds) {
  if (!holds) std::abort();
}

void read_as_all(const json::value& result) {
  const auto capabilities = exec::read_capabilities(result, "volt");
  if (capabilities.ok()) require(!capabilities->facts.regions.empty() && capabilities->parallel >= 1);
  exec::Told told;
  told.facts.provider = "volt";
  told.facts.regions = {"eu", "us"};
  told.facts.spot = true;
  const auto offers = exec::read_offers(result, told, {"eu"}, "2026-01-01");
  if (offers.ok()) {
    for (const Offer& offer : *offers) {
      require(offer.location.provider == "volt" && offer.location.region == "eu");
      require(offer.price_per_hour.nanos() >= 0 && parse_location(to_text(offer.location)).ok());
      require(offer.nodes_max.value_or(0) >= 1 && !offer.observed_on.empty());
    }
  }
  provider::LaunchRequest request;
  request.token = "l-1";
  request.owner = OwnerId("me");
  request.offer.location = {"volt", "eu"};
  const auto launched = exec::read_launched(result, request);
  if (launched.ok()) require(launched->ref.location == request.offer.location);
  const auto page = exec::read_instances(result, "volt", OwnerId("me"), "p");
  if (page.ok()) {
    require(page->next_page != "p");
    for (const Instance& instance : page->instances) {
      require(instance.owner == OwnerId("me") && !instance.token.empty() && !instance.ref.id.empty());
      require((instance.state == InstanceState::terminated) == instance.terminated_at.has_value());
    }
  }
  static_cast<void>(exec::read_terminated(result));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto answer = exec::read_answer(line);
  if (!answer.ok()) return 0;
  require(answer->result.has_value() != answer->error.has_value());
  if (answer->error) require(!answer->error->message.empty());
  if (answer->result) read_as_all(*answer->result);
  return 0;
}
