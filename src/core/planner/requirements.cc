#include "core/planner/requirements.h"

#include <cmath>

#include "core/catalog/accelerators.h"

namespace tradewind::planner {
namespace {

ResourceRequest merged(const ResourceRequest& base, const ResourceRequest& alternative) {
  ResourceRequest whole = alternative;
  if (whole.accelerators.empty()) whole.accelerators = base.accelerators;
  if (whole.infra.empty()) whole.infra = base.infra;
  if (whole.instance_type.empty()) whole.instance_type = base.instance_type;
  if (!whole.cpus) whole.cpus = base.cpus;
  if (!whole.memory_gib) whole.memory_gib = base.memory_gib;
  if (!whole.use_spot) whole.use_spot = base.use_spot;
  if (!whole.max_hourly_cost) whole.max_hourly_cost = base.max_hourly_cost;
  return whole;
}

WantedAccelerator wanted_of(const AcceleratorRequest& request) {
  const Result<catalog::AcceleratorWish> wish = catalog::read_accelerator(request.model);
  if (wish.ok()) return {std::string(wish->name), wish->memory_gib, request.count};
  return {request.model, 0, request.count};
}

Requirement requirement_of(ResourceRequest resources, std::size_t preference) {
  Requirement requirement;
  for (const AcceleratorRequest& accelerator : resources.accelerators) {
    requirement.accelerators.push_back(wanted_of(accelerator));
  }
  resources.any_of.clear();
  resources.ordered.clear();
  requirement.resources = std::move(resources);
  requirement.preference = preference;
  return requirement;
}

bool fails(Rejection& out, RejectionCode code, double found = 0, double wanted = 0) {
  out.code = code;
  out.found = found;
  out.wanted = wanted;
  return true;
}

bool fails_accelerator(const Offer& offer, const Requirement& requirement, Rejection& out) {
  if (requirement.accelerators.empty()) return false;
  if (!offer.accelerator) return fails(out, RejectionCode::accelerator_mismatch);
  bool is_wanted_model = false;
  double wanted_count = 0;
  for (const WantedAccelerator& wanted : requirement.accelerators) {
    if (!catalog::accepts({wanted.model, wanted.memory_gib}, *offer.accelerator)) continue;
    if (std::fabs(offer.accelerator->count - wanted.count) < 1e-6) return false;
    is_wanted_model = true;
    wanted_count = wanted.count;
  }
  if (!is_wanted_model) return fails(out, RejectionCode::accelerator_mismatch);
  return fails(out, RejectionCode::accelerator_count, offer.accelerator->count, wanted_count);
}

bool fails_amount(const std::optional<AmountRequest>& wanted, double found, RejectionCode too_small,
                  RejectionCode too_large, Rejection& out) {
  if (!wanted || (found > 0 && wanted->accepts(found))) return false;
  return fails(out, found < wanted->amount ? too_small : too_large, found, wanted->amount);
}

bool fails_place(const Offer& offer, const ResourceRequest& wanted, Rejection& out) {
  if (!wanted.instance_type.empty() && offer.instance_type != wanted.instance_type) {
    return fails(out, RejectionCode::instance_type);
  }
  if (wanted.infra.empty()) return false;
  for (const Location& location : wanted.infra) {
    if (contains(location, offer.location)) return false;
  }
  return fails(out, RejectionCode::location);
}

// True when the offer does not meet the requirement; then `out` says why.
bool fails_requirement(const Offer& offer, const Requirement& requirement, int nodes, Rejection& out) {
  const ResourceRequest& wanted = requirement.resources;
  if (fails_accelerator(offer, requirement, out) || fails_place(offer, wanted, out)) return true;
  if (wanted.use_spot && *wanted.use_spot != (offer.purchase == Purchase::spot)) {
    return fails(out, RejectionCode::purchase);
  }
  if (fails_amount(wanted.cpus, offer.vcpus, RejectionCode::too_few_cpus, RejectionCode::too_many_cpus,
                   out) ||
      fails_amount(wanted.memory_gib, offer.memory_gib, RejectionCode::too_little_memory,
                   RejectionCode::too_much_memory, out)) {
    return true;
  }
  if (offer.nodes_max && *offer.nodes_max < nodes)
    return fails(out, RejectionCode::too_few_nodes, *offer.nodes_max, nodes);
  if (wanted.max_hourly_cost) {
    const double hourly = offer.price_per_hour.as_double() * nodes;
    const double limit = wanted.max_hourly_cost->as_double();
    if (hourly > limit) return fails(out, RejectionCode::over_hourly_cost, hourly, limit);
  }
  return false;
}

}  // namespace

std::vector<Requirement> flatten(const ResourceRequest& request) {
  std::vector<Requirement> requirements;
  for (std::size_t i = 0; i < request.ordered.size(); ++i) {
    requirements.push_back(requirement_of(merged(request, request.ordered[i]), i));
  }
  for (const ResourceRequest& alternative : request.any_of) {
    requirements.push_back(requirement_of(merged(request, alternative), 0));
  }
  if (requirements.empty()) requirements.push_back(requirement_of(request, 0));
  return requirements;
}

Match match(const Offer& offer, const std::vector<Requirement>& requirements, int nodes) {
  Match best;
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    Rejection rejection;
    if (!fails_requirement(offer, requirements[i], nodes, rejection)) return {i, {}};
    rejection.detail = static_cast<std::uint16_t>(i);
    if (i == 0 || rejection.code > best.rejection.code) best.rejection = rejection;
  }
  return best;
}

}  // namespace tradewind::planner
