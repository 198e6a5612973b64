// tradewind plan: what a job would cost and take, everywhere it could run.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "app/cli/offer_source.h"
#include "app/cli/table.h"
#include "app/cli/task_input.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "core/planner/plan_json.h"
#include "core/planner/planner.h"

namespace tradewind::cli {
namespace {

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof(text), share > 0 && share < 0.01 ? "%.2f %%" : "%.0f %%", share * 100);
  return text;
}

std::string span(const std::optional<Duration>& duration) {
  return duration ? format_duration(*duration) : "-";
}

// "3h 00m", "-" where there is no queue to speak of.
std::string queue_text(const planner::Plan& plan) {
  const double wait_s = plan.queue.p50_s();
  return wait_s < 1 ? "-" : format_duration(duration_of_seconds(std::round(wait_s)));
}

Table plan_table(const planner::PlanResult& result, std::size_t limit) {
  const bool hourly = result.plans.front().basis == planner::Basis::hour;
  const bool queued = std::ranges::any_of(
      result.plans, [](const planner::Plan& plan) { return plan.offer.queue_wait.has_value(); });
  Table table{{{""},
               {hourly ? "COST/H" : "COST", Align::right},
               {"PRICE/H", Align::right, 4},
               {"P50", Align::right},
               {"P95", Align::right},
               {"RISK", Align::right, 3},
               {"WHERE", Align::left, 1, true},
               {"TYPE", Align::left, 2},
               {"PURCHASE"}},
              {}};
  if (queued) table.columns.insert(table.columns.begin() + 3, {"WAIT", Align::right});
  for (std::size_t i = 0; i < result.plans.size() && i < limit; ++i) {
    const planner::Plan& plan = result.plans[i];
    const Style style = i == 0 ? Style::green : Style::plain;
    table.rows.push_back({Cell(i == 0          ? "→"
                               : plan.on_front ? "·"
                                               : " ",
                               style),
                          Cell(plan.expected_cost.text(), style), plan.offer.price_per_hour.text(),
                          span(plan.p50_finish), span(plan.p95_finish), percent(plan.risk),
                          Cell(to_text(plan.offer.location), style), Cell(plan.offer.instance_type, style),
                          Cell(std::string(to_text(plan.offer.purchase)), style)});
    if (queued) table.rows.back().insert(table.rows.back().begin() + 3, Cell(queue_text(plan), Style::plain));
  }
  return table;
}

void print_rejections(const planner::PlanResult& result, const planner::PlanRequest& request,
                      Context& context) {
  Table table{{{"NOT TAKEN", Align::left, 1, true}, {"CODE"}, {"REASON", Align::left, 2}}, {}};
  for (const planner::Rejection& rejection : result.rejections) {
    table.rows.push_back({offer_key(request.offers[rejection.offer]), std::string(to_text(rejection.code)),
                          planner::reason_of(request, rejection)});
  }
  context.out << "\n" << render(table, context.terminal.width, context.terminal.colour);
}

void print_plans(const planner::PlanResult& result, const planner::PlanRequest& request,
                 const PlanOptions& options, Context& context) {
  const int width = context.terminal.width;
  const bool colour = context.terminal.colour;
  context.out << render(plan_table(result, options.limit), width, colour) << "\n";
  const planner::Plan& chosen = *result.chosen();
  context.out << wrap(
      paint(Style::bold, "Chosen:", colour) + " " + offer_key(chosen.offer) + ". " + chosen.why, width, "");
  if (result.wait_or_rent) context.out << wrap("Queue: " + result.wait_or_rent->text, width, "");
  if (!chosen.throughput_source.empty()) context.out << wrap("Speed: " + chosen.throughput_source, width, "");
  for (const std::string& note : result.notes) context.out << wrap("Note: " + note, width, "");
  const std::size_t hidden = result.feasible > options.limit ? result.feasible - options.limit : 0;
  context.out << paint(Style::dim,
                       std::to_string(result.feasible) + " offers would do" +
                           (hidden > 0 ? " (" + std::to_string(hidden) + " more than shown; -n N)" : "") +
                           ", " + std::to_string(result.rejections.size()) +
                           (options.rejected ? " would not" : " would not (--rejected says why)") +
                           "; --explain OFFER shows one offer's terms; planned in " +
                           std::to_string(std::llround(result.planning_ms)) + " ms.",
                       colour)
              << "\n";
  if (options.rejected) print_rejections(result, request, context);
}

void print_terms(const planner::Plan& plan, Context& context) {
  const int width = context.terminal.width;
  const bool colour = context.terminal.colour;
  context.out << paint(Style::bold, offer_key(plan.offer), colour) << "\n";
  Table table{{{"TERM"},
               {"QUANTITY", Align::right},
               {"UNIT"},
               {"UNIT PRICE", Align::right},
               {"AMOUNT", Align::right},
               {"", Align::left, 1}},
              {}};
  for (const planner::Term& term : plan.terms) {
    char quantity[32];
    std::snprintf(quantity, sizeof(quantity), "%.4g", term.quantity);
    table.rows.push_back({std::string(to_text(term.kind)), quantity, term.unit, term.unit_price.text(),
                          term.amount.text(), term.explanation});
  }
  table.rows.push_back({Cell("total", Style::bold), "", "", "", Cell(plan.expected_cost.text(), Style::bold),
                        plan.basis == planner::Basis::hour ? "for one hour" : ""});
  context.out << render(table, width, colour) << "\n";
  if (plan.offer.queue_wait) {
    context.out << "queue    p50 " << queue_text(plan) << ", p95 "
                << format_duration(duration_of_seconds(std::round(plan.queue.p95_s()))) << "; estimated by "
                << plan.offer.location.provider << ", corrected by " << plan.queue.samples()
                << " waits that were seen\n";
  }
  context.out << "finish   p50 " << span(plan.p50_finish) << ", p95 " << span(plan.p95_finish) << "\n"
              << "risk     " << percent(plan.risk) << " of at least one interruption (" << plan.hazard.source
              << ")\n";
  if (!plan.throughput_source.empty()) context.out << "speed    " << plan.throughput_source << "\n";
  if (!plan.why.empty()) context.out << wrap(plan.why, width, "");
}

Result<ExitCode> explain_offer(const std::string& key, const planner::PlanRequest& request,
                               const catalog::Catalog& catalog, Context& context) {
  const Offer* offer = catalog.find(key);
  if (offer == nullptr) {
    const std::string near = catalog.nearest_key(key);
    return Error{
        Code::not_found, "there is no offer '" + key + "'",
        near.empty() ? "tradewind plan FILE --json lists the offers' names" : "did you mean '" + near + "'?"};
  }
  const auto index = static_cast<std::size_t>(offer - catalog.offers().data());
  TW_ASSIGN_OR_RETURN(const planner::Plan plan, planner::plan_of(request, index));
  if (context.json) {
    print_json(context, planner::to_json(plan));
  } else {
    print_terms(plan, context);
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_plan(const PlanOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(JobSpec job, read_task(options.file, options.changes, false, context));
  TW_RETURN_IF_ERROR(restrict_to(options.infra, job));
  return plan_job(job, options, context);
}

Result<ExitCode> plan_job(const JobSpec& job, const PlanOptions& options, Context& context) {
  const catalog::Catalog catalog = known_offers(context, "");
  const catalog::EgressTable egress = catalog::embedded_egress_table();
  planner::PlanRequest request{.job = job, .offers = catalog.offers(), .now = context.clock.now()};
  request.budget_is_hard = planner::deadline_of(request).has_value();  // as the control plane has it
  request.accelerator_facts = catalog.accelerator_facts();
  request.egress = [&egress](const Location& from, const Location& to, std::uint64_t bytes) {
    return egress.quote(from, to, bytes);
  };
  if (!options.explain.empty()) return explain_offer(options.explain, request, catalog, context);
  const Duration began = context.clock.monotonic();
  planner::PlanResult result = planner::make_plan(request);
  result.planning_ms = static_cast<double>((context.clock.monotonic() - began).count());
  if (context.json) {
    print_json(context, planner::to_json(result, request));
    return result.chosen() == nullptr ? ExitCode::refused : ExitCode::done;
  }
  if (result.chosen() == nullptr) {
    if (options.rejected) print_rejections(result, request, context);
    print_error(context,
                {Code::quota_exceeded, result.no_choice.empty() ? "no offer fits the job" : result.no_choice,
                 options.rejected ? "" : "--rejected lists every offer with its reason"});
    return ExitCode::refused;
  }
  print_plans(result, request, options, context);
  return ExitCode::done;
}

}  // namespace tradewind::cli
