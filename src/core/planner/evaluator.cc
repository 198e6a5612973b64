#include "core/planner/evaluator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/catalog/accelerators.h"
#include "core/planner/requirements.h"

namespace tradewind::planner {
namespace {

constexpr std::size_t known_runs_max = 4096;  // what fits into a processor's own cache

std::size_t mixed(std::size_t seed, std::size_t value) {
  const std::size_t product = (seed ^ value) * 0x9E3779B97F4A7C15ULL;
  return product ^ (product >> 32);
}

std::size_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

// The last eight letters and the length: where names of places differ.
std::size_t tail_of(std::string_view text) {
  std::uint64_t tail = 0;
  const std::size_t length = std::min(text.size(), sizeof tail);
  std::memcpy(&tail, text.data() + text.size() - length, length);
  return tail * 31 + text.size();
}

Rejection refusal(std::size_t offer_index, RejectionCode code, double found = 0, double wanted = 0,
                  std::size_t detail = 0) {
  return {static_cast<std::uint32_t>(offer_index), code, static_cast<std::uint16_t>(detail), found, wanted};
}

bool is_committed(const PlanRequest& request, const Offer& offer) {
  if (request.committed_offers.empty()) return false;
  return std::ranges::find(request.committed_offers, offer_key(offer)) != request.committed_offers.end();
}

bool is_reserved(const Offer& offer) {
  return offer.purchase == Purchase::reserved_1y || offer.purchase == Purchase::reserved_3y;
}

}  // namespace

std::size_t Evaluator::LocationHash::operator()(const Location* location) const {
  return mixed(mixed(tail_of(location->provider), tail_of(location->region)), tail_of(location->zone));
}

std::size_t Evaluator::SpeedHash::operator()(const SpeedKey& key) const {
  const std::size_t model = key.facts == nullptr ? tail_of(key.model) : std::hash<const void*>()(key.facts);
  return mixed(mixed(model, bits_of(key.memory_gib)), bits_of(key.count));
}

Evaluator::Evaluator(const PlanRequest& request)
    : request_(request),
      facts_(facts_of_job(request)),
      known_runs_(std::min(std::bit_ceil(request.offers.size() + 1), known_runs_max)) {
  for (const BlockedOffer& blocked : request.blocked) {
    if (blocked.until > request.now) blocked_.emplace(blocked.offer_key, &blocked);
  }
}

Hazard Evaluator::hazard_of(const Offer& offer) const {
  if (request_.hazard) {
    if (const std::optional<Hazard> measured = request_.hazard(offer)) return *measured;
  }
  return prior_hazard(offer);
}

QueueWait Evaluator::queue_of(const Offer& offer) const {
  if (!offer.queue_wait) return {};
  return {*offer.queue_wait,
          request_.queue_history ? request_.queue_history(offer) : std::span<const QueueSample>()};
}

std::variant<Estimate, Rejection> Evaluator::judge(std::size_t offer_index) {
  std::variant<Estimate, Rejection> answer = estimate(offer_index);
  const Estimate* estimate = std::get_if<Estimate>(&answer);
  if (estimate == nullptr) return answer;
  const Offer& offer = request_.offers[offer_index];
  if (const BlockedOffer* block = block_of(offer)) {
    const auto detail = static_cast<std::size_t>(block - request_.blocked.data());
    return refusal(offer_index, RejectionCode::blocked, 0, 0, detail);
  }
  const double cost = static_cast<double>(estimate->cost_nanos) / 1e9;
  if (facts_.budget_left && request_.budget_is_hard && cost > *facts_.budget_left) {
    return refusal(offer_index, RejectionCode::over_budget, cost, *facts_.budget_left);
  }
  const PlaceModel& place = places_[estimate->place];
  if (place.share_limit) {
    const double share = (place.spent + cost) / (facts_.spent_total + cost);
    if (share > *place.share_limit) {
      return refusal(offer_index, RejectionCode::over_share, share, *place.share_limit);
    }
  }
  const bool judges_time = facts_.seconds_left && facts_.basis == Basis::job && request_.deadline_is_hard;
  if (judges_time && estimate->p95_s > *facts_.seconds_left) {
    return refusal(offer_index, RejectionCode::misses_deadline, estimate->p95_s, *facts_.seconds_left);
  }
  return answer;
}

std::variant<Estimate, Rejection> Evaluator::estimate(std::size_t offer_index) {
  const Offer& offer = request_.offers[offer_index];
  Match matched = match(offer, facts_.requirements, facts_.nodes);
  if (!matched.requirement) {
    matched.rejection.offer = static_cast<std::uint32_t>(offer_index);
    return matched.rejection;
  }
  if (offer.price_per_hour.currency() != facts_.currency) {
    return refusal(offer_index, RejectionCode::other_currency);
  }
  if (is_reserved(offer) && !is_committed(request_, offer)) {
    return refusal(offer_index, RejectionCode::needs_commitment);
  }
  return estimate_as(offer_index, facts_.requirements[*matched.requirement]);
}

std::variant<Estimate, Rejection> Evaluator::estimate_as(std::size_t offer_index,
                                                         const Requirement& requirement) {
  const Offer& offer = request_.offers[offer_index];
  RunKey key;
  key.place = place_index(offer.location);
  const PlaceModel& place = places_[key.place];
  if (place.avoided_by) {
    return refusal(offer_index, RejectionCode::avoided, 0, 0, *place.avoided_by);
  }
  key.speed = speed_index(offer_index, requirement);
  if (facts_.basis == Basis::job && speeds_[key.speed].units_per_s <= 0) {
    return refusal(offer_index, RejectionCode::unknown_speed);
  }
  key.conditions = conditions_of(offer, place);
  const RunTotals& totals = totals_of_run(key);
  const std::optional<std::int64_t> cost = cost_at(totals, offer.price_per_hour.nanos());
  if (!cost && offer.time_limit && !facts_.saves)
    return refusal(offer_index, RejectionCode::over_time_limit, seconds_of(*offer.time_limit));
  if (!cost) return refusal(offer_index, RejectionCode::never_finishes, key.conditions.hazard_per_hour);
  const bool counts_time = facts_.basis == Basis::job;
  return Estimate{.cost_nanos = *cost,
                  .time_nanos = counts_time ? std::llround(facts_.hour_nanos * totals.mean_s / 3600) : 0,
                  .p95_s = totals.p95_s,
                  .risk = totals.interrupted,
                  .offer = static_cast<std::uint32_t>(offer_index),
                  .place = key.place,
                  .speed = key.speed,
                  .preference = static_cast<std::uint16_t>(requirement.preference),
                  .is_spot = key.conditions.spot};
}

Conditions Evaluator::conditions_of(const Offer& offer, const PlaceModel& place) const {
  Conditions conditions;
  conditions.hazard_per_hour = hazard_of(offer).per_hour;
  conditions.spot = offer.purchase == Purchase::spot;
  conditions.cold_start_s = offer.cold_start ? seconds_of(*offer.cold_start) : place.cold_start_s;
  conditions.notice_lead_s = offer.notice_lead ? seconds_of(*offer.notice_lead) : place.notice_lead_s;
  conditions.queue = queue_of(offer);
  if (offer.time_limit) conditions.limit_s = seconds_of(*offer.time_limit);
  return conditions;
}

RunCosts Evaluator::run_of(const Estimate& estimate) const {
  const PlaceModel& place = places_[estimate.place];
  const Conditions conditions = conditions_of(request_.offers[estimate.offer], place);
  return cost_run(request_, facts_, place, speeds_[estimate.speed], conditions);
}

const RunTotals& Evaluator::totals_of_run(const RunKey& key) {
  const Conditions& conditions = key.conditions;
  std::size_t hash = mixed(key.place, key.speed * 2 + (conditions.spot ? 1 : 0));
  hash = mixed(hash, bits_of(conditions.hazard_per_hour));
  hash = mixed(mixed(hash, bits_of(conditions.cold_start_s)), bits_of(conditions.notice_lead_s));
  hash = mixed(mixed(hash, bits_of(conditions.queue.p50_s())), bits_of(conditions.limit_s));
  KnownRun& known = known_runs_[hash & (known_runs_.size() - 1)];
  if (known.is_set && known.key == key) return known.totals;
  const RunCosts costs = cost_run(request_, facts_, places_[key.place], speeds_[key.speed], conditions);
  known = {true, key, totals_of(costs)};
  return known.totals;
}

const BlockedOffer* Evaluator::block_of(const Offer& offer) const {
  if (blocked_.empty()) return nullptr;
  const auto found = blocked_.find(offer_key(offer));
  return found == blocked_.end() ? nullptr : found->second;
}

std::uint32_t Evaluator::place_index(const Location& location) {
  if (last_location_ != nullptr && *last_location_ == location) return last_place_;
  const auto [found, is_new] =
      place_of_location_.try_emplace(&location, static_cast<std::uint32_t>(places_.size()));
  if (is_new) places_.push_back(model_place(request_, facts_, location));
  last_location_ = &location;
  return last_place_ = found->second;
}

std::uint32_t Evaluator::speed_index(std::size_t offer_index, const Requirement& requirement) {
  const Offer& offer = request_.offers[offer_index];
  SpeedKey key{nullptr, "cpu", 0, 1};
  if (!requirement.accelerators.empty()) {
    const Accelerator& accelerator = *offer.accelerator;
    key.model = accelerator.model;
    key.memory_gib = accelerator.memory_gib;
    key.count = accelerator.count;
    key.facts = request_.accelerator_facts.empty() ? catalog::facts_of(accelerator, offer.instance_type)
                                                   : request_.accelerator_facts[offer_index];
  }
  const auto [found, is_new] = speed_of_key_.try_emplace(key, static_cast<std::uint32_t>(speeds_.size()));
  if (is_new) {
    const SpeedQuestion question{key.model, key.facts, key.memory_gib, key.count, facts_.nodes};
    speeds_.push_back(estimate_throughput(question, facts_.rates, facts_.flop_per_unit));
  }
  return found->second;
}

}  // namespace tradewind::planner
