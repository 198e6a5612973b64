#include "core/planner/job_facts.h"

#include <algorithm>

#include "core/catalog/accelerators.h"

namespace tradewind::planner {
namespace {

double total_units_of(const PlanRequest& request) {
  if (request.job.work.total > 0) return request.job.work.total;
  if (request.progress.total_units > 0) return request.progress.total_units;
  return request.job.duration ? 1 : 0;  // the whole run is the unit
}

double remaining_of(const PlanRequest& request, double total_units) {
  const bool counted = request.job.work.total > 0 || request.progress.total_units > 0;
  return counted ? std::max(total_units - request.progress.done_units, 0.0) : total_units;
}

KnownRate stated_rate(const std::string& model, double units_per_s, int nodes) {
  // Said of the job as it is asked for, so it holds for whatever count an offer has.
  KnownRate rate{RateSource::stated_rate, model, 0, 0, nodes, units_per_s};
  if (model == "cpu") return rate;
  if (const auto wish = catalog::read_accelerator(model); wish.ok()) {
    rate.model = std::string(wish->name);
    rate.memory_gib = wish->memory_gib;
  }
  return rate;
}

KnownRate rate_of_duration(const JobFacts& facts, double total_units, Duration duration) {
  KnownRate rate{RateSource::stated_duration, "cpu", 0, 1, facts.nodes, total_units / seconds_of(duration)};
  const std::vector<WantedAccelerator>& asked = facts.requirements.front().accelerators;
  if (!asked.empty()) {
    rate.model = asked.front().model;
    rate.memory_gib = asked.front().memory_gib;
    rate.count = asked.front().count;
  }
  return rate;
}

void read_work(JobFacts& facts, const PlanRequest& request) {
  const JobSpec& job = request.job;
  const double total_units = total_units_of(request);
  facts.remaining_units = remaining_of(request, total_units);
  facts.rates = request.rates;
  for (const auto& [model, units_per_s] : job.work.rate_per_s) {
    facts.rates.push_back(stated_rate(model, units_per_s, facts.nodes));
  }
  if (job.duration && job.duration->count() > 0 && total_units > 0) {
    facts.rates.push_back(rate_of_duration(facts, total_units, *job.duration));
  }
  std::erase_if(facts.rates, [](const KnownRate& rate) { return !(rate.units_per_s > 0); });
  facts.flop_per_unit = flop_per_unit(job.work.unit);
  const bool has_accelerator = !facts.requirements.front().accelerators.empty();
  const bool has_speed = !facts.rates.empty() || (facts.flop_per_unit > 0 && has_accelerator);
  if (total_units > 0 && has_speed) return;
  facts.basis = Basis::hour;
  facts.notes.push_back(total_units > 0
                            ? "no rate is known for this work, so offers are compared by the hour: add "
                              "work.rate_per_s or duration"
                            : "neither work nor duration is given, so offers are compared by the hour and no "
                              "finish is estimated");
}

void read_checkpoints(JobFacts& facts, const PlanRequest& request) {
  facts.saves = !request.job.checkpoint.path.empty();
  facts.checkpoint_bytes = request.saved ? request.saved->bytes : request.checkpoint_bytes;
  const double writing_s = static_cast<double>(facts.checkpoint_bytes) / request.assumptions.save_bytes_per_s;
  facts.save_s = request.save_cost ? seconds_of(*request.save_cost)
                                   : std::max(seconds_of(request.assumptions.save_min), writing_s);
  if (request.job.checkpoint.interval) facts.interval_s = seconds_of(*request.job.checkpoint.interval);
}

void read_limits(JobFacts& facts, const PlanRequest& request) {
  if (const std::optional<Time> deadline = deadline_of(request)) {
    facts.seconds_left = seconds_of(*deadline - request.now);
    if (facts.basis == Basis::hour) {
      facts.notes.emplace_back("without work or duration the deadline cannot be judged");
    }
  }
  if (request.job.budget) {
    facts.budget_left = request.job.budget->as_double() - request.spend.on_job.as_double();
    if (facts.basis == Basis::hour) {
      facts.notes.emplace_back("without work or duration the budget is judged for the first hour only");
    }
  }
  if (request.job.waiting_cost && request.job.waiting_cost->currency() == facts.currency) {
    facts.hour_nanos = static_cast<double>(request.job.waiting_cost->nanos());
  } else if (request.job.waiting_cost) {
    facts.notes.push_back("waiting_cost is in " + request.job.waiting_cost->currency().text() +
                          " and the plan in " + facts.currency.text() + ", so time is not weighed");
  }
  for (const auto& [supplier, spent] : request.spend.by_supplier) facts.spent_total += spent.as_double();
  if (!request.job.max_share.empty() && facts.spent_total <= 0) {
    facts.notes.emplace_back("nothing was spent yet, so max_share cannot be judged");
  }
}

}  // namespace

std::optional<Time> deadline_of(const PlanRequest& request) {
  if (request.deadline) return request.deadline;
  if (request.job.deadline_at) return request.job.deadline_at;
  if (request.job.deadline_after) return request.now + *request.job.deadline_after;
  return std::nullopt;
}

JobFacts facts_of_job(const PlanRequest& request) {
  JobFacts facts;
  facts.requirements = flatten(request.job.resources);
  facts.nodes = std::max(request.job.num_nodes, 1);
  if (request.job.budget) facts.currency = request.job.budget->currency();
  read_work(facts, request);
  read_checkpoints(facts, request);
  read_limits(facts, request);
  return facts;
}

}  // namespace tradewind::planner
