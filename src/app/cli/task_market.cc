#include "app/cli/task_market.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "app/cli/offer_source.h"
#include "app/cli/task_input.h"
#include "core/catalog/egress.h"
#include "core/planner/planner.h"
#include "core/planner/supplier_facts.h"

namespace tradewind::cli {
namespace {

constexpr std::size_t zones_max = 8;
constexpr std::size_t plans_max = 100'000;
constexpr double tick_s = 300;
constexpr double bytes_of_gb = 1e9;

// The cheapest on-demand offer of the same type in the same region. A job that asks for spot has no plan for
// it.
const Offer* on_demand_twin(const Offer& spot, std::span<const Offer> offers) {
  const Offer* best = nullptr;
  for (const Offer& offer : offers) {
    if (offer.purchase != Purchase::on_demand || offer.instance_type != spot.instance_type ||
        offer.location.provider != spot.location.provider || offer.location.region != spot.location.region) {
      continue;
    }
    if (offer.price_per_hour.nanos() <= 0) continue;  // one's own machine: there is nothing to save
    if (best == nullptr || offer.price_per_hour < best->price_per_hour) best = &offer;
  }
  return best;
}

int region_index(policy::Problem& problem, const std::string& region) {
  const auto found = std::ranges::find(problem.regions, region);
  const auto index = static_cast<int>(found - problem.regions.begin());
  if (found == problem.regions.end()) problem.regions.push_back(region);
  return index;
}

void add_zones(const std::vector<planner::Plan>& plans, std::span<const Offer> offers,
               const planner::Plan& first, TaskMarket& market) {
  policy::Problem& problem = market.problem;
  for (const planner::Plan& plan : plans) {
    if (problem.zones.size() == zones_max) break;
    const Offer& spot = plan.offer;
    if (spot.purchase != Purchase::spot || spot.instance_type != first.offer.instance_type) continue;
    const Offer* twin = on_demand_twin(spot, offers);
    const std::string name = to_text(spot.location);
    if (twin == nullptr || std::ranges::find(problem.zones, name, &policy::Zone::name) != problem.zones.end())
      continue;
    const std::string region = spot.location.provider + "/" + spot.location.region;
    problem.zones.push_back({name, spot.location.provider, region, spot.location.zone,
                             twin->price_per_hour.as_double() * problem.nodes,
                             region_index(problem, region)});
    market.spot_per_h.push_back(spot.price_per_hour.as_double() * problem.nodes);
  }
}

void price_moves(const catalog::EgressTable& egress, policy::Problem& problem) {
  const std::size_t count = problem.regions.size();
  problem.move_usd.assign(count * count, 0);
  const auto place = [&](std::size_t region) {
    const auto zone = std::ranges::find(problem.zones, static_cast<int>(region), &policy::Zone::region_index);
    return Location{zone->provider, problem.regions[region].substr(zone->provider.size() + 1), {}};
  };
  const auto bytes = static_cast<std::uint64_t>(problem.checkpoint_gb * bytes_of_gb);
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      if (from != to)
        problem.move_usd[from * count + to] = egress.quote(place(from), place(to), bytes).cost.as_double();
    }
  }
}

policy::Problem problem_of(const JobSpec& job, const planner::Plan& plan, Duration deadline,
                           double checkpoint_gb) {
  const planner::Assumptions assumptions;
  policy::Problem problem;
  problem.id = job.name.empty() ? "task" : job.name;
  problem.work_s = std::max(plan.run.work_s, 1.0);
  // Short jobs are asked about more often.
  problem.tick_s = std::clamp(std::floor(problem.work_s / 100), 1.0, tick_s);
  problem.deadline_ticks = std::max(static_cast<int>(seconds_of(deadline) / problem.tick_s), 1);
  problem.cold_start_s =
      std::round(seconds_of(planner::supplier_prior(plan.offer.location.provider).cold_start));
  problem.checkpoint_gb = checkpoint_gb;
  problem.transfer_s = std::round(checkpoint_gb * bytes_of_gb / assumptions.far_restore_bytes_per_s);
  problem.checkpoint_interval_s = std::round(plan.run.interval_s);
  problem.info = policy::Info::held;
  problem.nodes = job.num_nodes;
  return problem;
}

}  // namespace

Result<TaskMarket> market_of_task(const std::string& file, double checkpoint_gb, Context& context) {
  TW_ASSIGN_OR_RETURN(const JobSpec job, read_task(file, {}, false, context));
  const catalog::Catalog catalog = known_offers(context, "");
  const catalog::EgressTable egress = catalog::embedded_egress_table();
  planner::PlanRequest request{.job = job, .offers = catalog.offers(), .now = context.clock.now()};
  request.accelerator_facts = catalog.accelerator_facts();
  request.deadline_is_hard = false;
  request.plans_max = plans_max;
  request.checkpoint_bytes = static_cast<std::uint64_t>(checkpoint_gb * bytes_of_gb);
  const std::optional<Time> deadline = planner::deadline_of(request);
  if (!deadline)
    return Error{Code::invalid_argument, file + ": the job has no deadline, and spot policies need one",
                 "deadline: 36h"};
  const planner::PlanResult result = planner::make_plan(request);
  const auto first = std::ranges::find_if(result.plans, [&](const planner::Plan& plan) {
    return plan.offer.purchase == Purchase::spot && on_demand_twin(plan.offer, request.offers) != nullptr;
  });
  if (first == result.plans.end()) {
    return Error{Code::quota_exceeded,
                 file + ": no place sells what the job needs both on spot and on-demand",
                 "tradewind plan " + file + " --rejected says why not"};
  }
  if (first->basis == planner::Basis::hour) {
    return Error{Code::invalid_argument, file + ": it does not say how long the work takes",
                 "duration: 24h, or work: with its rate"};
  }
  TaskMarket market{problem_of(job, *first, *deadline - request.now, checkpoint_gb), {}};
  add_zones(result.plans, request.offers, *first, market);
  price_moves(egress, market.problem);
  return market;
}

}  // namespace tradewind::cli
