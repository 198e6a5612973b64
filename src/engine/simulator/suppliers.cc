#include "engine/simulator/suppliers.h"

#include <algorithm>

#include "engine/simulator/model_supplier.h"

namespace tradewind::simulator {
namespace {

Offer offer_of(const std::string& supplier, Purchase purchase, const char* price) {
  Offer offer;
  offer.location = {supplier, "north", ""};
  offer.instance_type = "standard";
  offer.purchase = purchase;
  offer.price_per_hour = *Money::parse(price);
  return offer;
}

}  // namespace

FaultRates rates_of(const SimulationOptions& options) {
  if (!options.faults) return {};
  FaultRates rates;
  rates.crash = options.late_finishers || options.pauses ? 0.01 : 0.004;
  rates.lost = 0.02;
  rates.agent_lost = 0.02;
  rates.agent_death = 0.002;
  rates.partition = options.late_finishers || options.pauses ? 0.7 : 0.15;
  rates.boot_failure = options.boot_failure;
  rates.refusal = options.pauses ? 0.6 : 0.1;
  rates.stale_list = 0.3;
  rates.accidents = 1;
  return rates;
}

std::vector<std::unique_ptr<ModelBackend>> make_clouds(const ModelWorld& world, const AskedToLaunch& asked,
                                                       SimulationOptions& options, Random& random) {
  std::vector<std::unique_ptr<ModelBackend>> made;
  const auto add = [&](SupplierModel model) {
    model.page_size = static_cast<std::size_t>(std::clamp(options.capacity, 4, 1000));
    auto supplier = std::make_unique<ModelSupplier>(std::move(model), world, random.next());
    supplier->add_foreign(OwnerId("ffffffffffffffffffffffffffffffff"), "foreign");
    supplier->add_foreign(OwnerId(), "foreign");
    supplier->on_launch = asked;
    made.push_back(std::move(supplier));
  };
  const double life_s = 120 + 600 * random.unit();
  const Duration life = duration_of_seconds(options.preemptions ? life_s : 0);
  // Every fourth world is short of everything, so that jobs queue.
  const bool scarce = !options.check_deadlines && (options.late_finishers || random.below(4) == 0);
  if (scarce) {
    options.capacity = std::min(options.capacity, 1);
    options.jobs *= 2;
  }
  const Duration ending(options.late_finishers || random.below(3) == 0 ? 240'000 : 15'000);
  add({"alpha",
       {offer_of("alpha", Purchase::spot, "0.30")},
       options.capacity,
       Duration(20'000),
       Duration(20'000),
       life,
       Duration(0),
       ending});
  add({"beta",
       {offer_of("beta", Purchase::spot, "0.35"), offer_of("beta", Purchase::on_demand, "1.20")},
       options.capacity,
       Duration(15'000),
       Duration(40'000),
       life,
       Duration(30'000),
       ending});
  return made;
}

void set_pace(scheduler::Tempo& tempo, const SimulationOptions& options) {
  tempo.mailbox_poll = Duration(10'000);
  tempo.list_poll = Duration(15'000);
  tempo.lease_term = simulated_lease_term;
  tempo.orphan_grace = Duration(60'000);
  tempo.retry_capacity = Duration(15'000);
  tempo.tick = Duration(20'000);
  if (options.pauses) tempo.stop_patience = Duration(5000);  // some finish when they were to stop
  tempo.hard_limit = Duration(1'200'000);
  tempo.stillborn_max = 12;  // agents die more often here than anywhere
}

}  // namespace tradewind::simulator
