#include "core/planner/wait_or_rent.h"

#include <algorithm>
#include <cmath>

namespace tradewind::planner {
namespace {

constexpr double notable_s = 60;  // shorter waits are not spoken of

bool waits(const Plan& plan) {
  return plan.queue.p50_s() >= notable_s;
}

std::string price(const Plan& plan) {
  return plan.expected_cost.nanos() == 0 ? "nothing" : plan.expected_cost.text();
}

std::string span(double seconds) {
  return format_duration(duration_of_seconds(std::round(seconds)));
}

// What an hour has to be worth for the dearer to win. Nothing: it ends no sooner, or nobody knows when.
std::optional<Money> break_even(const Plan& wait, const Plan& rent) {
  const double sooner_h = (wait.run.mean_s - rent.run.mean_s) / 3600;
  if (wait.basis == Basis::hour || sooner_h <= 0) return std::nullopt;
  return (rent.expected_cost - wait.expected_cost).scaled(1 / sooner_h);
}

std::string words(const JobSpec& job, const Plan& wait, const Plan& rent,
                  const std::optional<Money>& break_even_per_h) {
  const std::string by_the_hour = wait.basis == Basis::hour ? " an hour" : "";
  std::string text = "wait " + span(wait.queue.p50_s()) + " (95 %: " + span(wait.queue.p95_s()) + ") for " +
                     to_text(wait.offer.location) + " and pay " + price(wait) +
                     (wait.expected_cost.nanos() == 0 ? "" : by_the_hour) + ", or start now at " +
                     to_text(rent.offer.location) + " for " + price(rent) + by_the_hour;
  if (!break_even_per_h) return text;
  text += ": renting pays where an hour is worth more than " + break_even_per_h->text();
  return text + (job.waiting_cost ? "; to you it is " + job.waiting_cost->text()
                                  : " to you (waiting_cost in the task file)");
}

}  // namespace

std::optional<WaitOrRent> weigh_waiting(const JobSpec& job, std::span<const Plan> plans) {
  if (plans.empty()) return std::nullopt;
  const Plan& chosen = plans.front();
  const auto other = std::ranges::find_if(plans, [&](const Plan& plan) {
    if (plan.preference != chosen.preference || waits(plan) == waits(chosen)) return false;
    const Plan& wait = waits(plan) ? plan : chosen;
    const Plan& rent = waits(plan) ? chosen : plan;
    return wait.expected_cost < rent.expected_cost;
  });
  if (other == plans.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(other - plans.begin());
  WaitOrRent choice{waits(chosen) ? 0 : index, waits(chosen) ? index : 0};
  const Plan& wait = plans[choice.wait];
  const Plan& rent = plans[choice.rent];
  choice.break_even_per_h = break_even(wait, rent);
  choice.text = words(job, wait, rent, choice.break_even_per_h);
  return choice;
}

}  // namespace tradewind::planner
