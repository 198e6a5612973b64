#include "core/planner/rejection.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "core/model/enum_text.h"
#include "core/planner/plan_request.h"
#include "core/planner/requirements.h"

namespace tradewind::planner {
namespace {

constexpr std::array<std::string_view, 21> code_names = {
    "other_currency",    "avoided",         "needs_commitment", "accelerator_mismatch", "accelerator_count",
    "instance_type",     "location",        "purchase",         "too_few_cpus",         "too_many_cpus",
    "too_little_memory", "too_much_memory", "too_few_nodes",    "over_hourly_cost",     "blocked",
    "unknown_speed",     "over_time_limit", "never_finishes",   "over_budget",          "over_share",
    "misses_deadline"};

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

std::string percent(double share) {
  return number(100 * share) + " %";
}

std::string span(double seconds) {
  const bool is_past = seconds < 0;
  return (is_past ? "-" : "") + format_duration(duration_of_seconds(std::fabs(seconds)));
}

std::string machine(const Offer& offer) {
  if (!offer.accelerator) return "no accelerator";
  return number(offer.accelerator->count) + " x " + offer.accelerator->model +
         (offer.accelerator->memory_gib > 0 ? " of " + number(offer.accelerator->memory_gib) + " GiB" : "");
}

std::string wanted_accelerators(const ResourceRequest& resources) {
  std::string text;
  for (const AcceleratorRequest& wanted : resources.accelerators) {
    text += (text.empty() ? "" : " or ") + number(wanted.count) + " x " + wanted.model;
  }
  return text;
}

std::string locations(const ResourceRequest& resources) {
  std::string text;
  for (const Location& location : resources.infra) text += (text.empty() ? "" : ", ") + to_text(location);
  return text;
}

std::string amount_reason(const std::string& what, const std::string& unit, const Rejection& rejection,
                          bool has_too_much) {
  const std::string wanted = number(rejection.wanted) + unit;
  if (rejection.found <= 0) return "does not say its " + what + ", and " + wanted + " are asked for";
  return "has " + number(rejection.found) + unit + " " + what + ", and " + (has_too_much ? "exactly " : "") +
         wanted + " are asked for" +
         (has_too_much ? " (write '" + number(rejection.wanted) + "+' for at least that)" : "");
}

std::string money(double amount, const Offer& offer) {
  return Money::estimate(amount, offer.price_per_hour.currency()).text();
}

std::string reason_of_resources(const Offer& offer, const ResourceRequest& wanted,
                                const Rejection& rejection) {
  switch (rejection.code) {
    case RejectionCode::accelerator_mismatch:
    case RejectionCode::accelerator_count:
      return "has " + machine(offer) + ", and " + wanted_accelerators(wanted) + " is asked for";
    case RejectionCode::instance_type:
      return "is not the instance type " + wanted.instance_type + " that is asked for";
    case RejectionCode::location:
      return "lies in " + to_text(offer.location) + ", outside infra (" + locations(wanted) + ")";
    case RejectionCode::purchase:
      return std::string(wanted.use_spot.value_or(false) ? "is not spot, and use_spot: true asks for it"
                                                         : "is spot, and use_spot: false rules that out");
    case RejectionCode::too_few_cpus:
    case RejectionCode::too_many_cpus:
      return amount_reason("vCPUs", "", rejection, rejection.code == RejectionCode::too_many_cpus);
    case RejectionCode::too_little_memory:
    case RejectionCode::too_much_memory:
      return amount_reason("memory", " GiB", rejection, rejection.code == RejectionCode::too_much_memory);
    case RejectionCode::too_few_nodes:
      if (rejection.found <= 1)
        return "takes jobs of one node alone, and num_nodes asks for " + number(rejection.wanted);
      return "has " + number(rejection.found) + " such nodes for one job, and num_nodes asks for " +
             number(rejection.wanted);
    default:
      return "costs " + money(rejection.found, offer) + " an hour, over max_hourly_cost " +
             money(rejection.wanted, offer);
  }
}

std::string reason_of_block(const PlanRequest& request, const Rejection& rejection) {
  const BlockedOffer& blocked = request.blocked[rejection.detail];
  return "is left out until " + format_utc(blocked.until) +
         (blocked.reason.empty() ? "" : ": " + blocked.reason);
}

std::string reason_of_deadline(const Rejection& rejection) {
  if (rejection.wanted <= 0)
    return "cannot meet a deadline that has passed " + span(-rejection.wanted) + " ago";
  return "finishes within " + span(rejection.found) + " at p95, " + span(rejection.found - rejection.wanted) +
         " after the deadline, which is " + span(rejection.wanted) + " away";
}

}  // namespace

std::string_view to_text(RejectionCode code) {
  return enum_name(code_names, code);
}

std::string reason_of(const PlanRequest& request, const Rejection& rejection) {
  const Offer& offer = request.offers[rejection.offer];
  switch (rejection.code) {
    case RejectionCode::other_currency:
      return "is priced in " + offer.price_per_hour.currency().text() + ", and the plan is in " +
             (request.job.budget ? request.job.budget->currency() : Currency()).text();
    case RejectionCode::avoided:
      return "lies in " + to_text(request.job.avoid[rejection.detail]) + ", which the job avoids";
    case RejectionCode::needs_commitment:
      return "is reserved capacity, for which there is no commitment";
    case RejectionCode::blocked:
      return reason_of_block(request, rejection);
    case RejectionCode::unknown_speed:
      return "no rate is known for " + machine(offer) + ": add it to work.rate_per_s";
    case RejectionCode::over_time_limit:
      return "gives allocations of " + span(rejection.found) +
             " at most, and the job takes longer and saves nothing: checkpoint.path lets it go on in the "
             "next";
    case RejectionCode::never_finishes:
      return "is interrupted too often to finish: " + number(rejection.found) + " times an hour and node";
    case RejectionCode::over_budget:
      return "is expected to cost " + money(rejection.found, offer) + ", over the " +
             money(rejection.wanted, offer) + " left of the budget";
    case RejectionCode::over_share:
      return "would bring " + offer.location.provider + " to " + percent(rejection.found) +
             " of the spend, over its max_share of " + percent(rejection.wanted);
    case RejectionCode::misses_deadline:
      return reason_of_deadline(rejection);
    default:
      return reason_of_resources(offer, flatten(request.job.resources)[rejection.detail].resources,
                                 rejection);
  }
}

}  // namespace tradewind::planner
