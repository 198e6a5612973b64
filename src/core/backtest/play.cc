#include "core/backtest/play.h"

#include "core/model/json.h"

namespace tradewind::backtest {

using policy::Answer;
using policy::Holding;
using policy::Problem;
using policy::Purchase;
using policy::Sight;

namespace {

std::string_view purchase_name(Purchase purchase) {
  return purchase == Purchase::spot ? "spot" : "on_demand";
}

json::object holding_json(const Problem& problem, const Holding& holding) {
  return json::object{{"zone", problem.zones[static_cast<std::size_t>(holding.zone)].name},
                      {"purchase", purchase_name(holding.purchase)}};
}

json::object decision_json(const Problem& problem, const Decision& decision) {
  const bool launches = decision.answer.action == Answer::Action::launch;
  json::object line{{"tick", decision.tick}, {"action", launches ? "launch" : "stop"}};
  if (launches) {
    for (const auto& member : holding_json(problem, decision.answer.launch)) line.insert(member);
    line["ok"] = decision.ok;
  }
  line["progress_s"] = decision.progress_s;
  if (decision.held) line["held"] = holding_json(problem, *decision.held);
  if (!decision.reason.empty()) line["reason"] = decision.reason;
  return line;
}

json::object end_json(const Problem& problem, const Outcome& outcome) {
  return json::object{
      {"type", "end"},
      {"id", problem.id},
      {"finished", outcome.finished},
      {"finished_s", outcome.finished ? json::value(outcome.finished_s) : json::value(nullptr)},
      {"cost_usd", outcome.cost_usd},
      {"egress_usd", outcome.egress_usd},
      {"launches", outcome.launches},
      {"preemptions", outcome.preemptions}};
}

// As the tick begins; what is held while it runs is known after the answer.
Moment moment_of(const Sight& sight) {
  return {sight.held, sight.preempted, false, sight.progress_s, sight.cost_usd};
}

// Adds what the answer changes.
void apply(const Problem& problem, const Decision& decision, double setup_left_s, Moment& moment) {
  const bool launched = decision.answer.action == Answer::Action::launch && decision.ok;
  if (launched) moment.held = decision.answer.launch;
  if (decision.answer.action == Answer::Action::stop) moment.held.reset();
  moment.setting_up = moment.held && (launched ? problem.cold_start_s : setup_left_s) >= problem.tick_s;
}

}  // namespace

Result<Played> play(const World& world, policy::Player& player, Keep keep) {
  Played played;
  Run run(world);
  while (!run.done()) {
    const Sight& sight = run.look();
    const Answer answer = player.decide(sight);
    Decision decision{sight.tick, answer, true, sight.progress_s, sight.held, {}};
    Moment moment = moment_of(sight);
    const double setup_left_s = sight.setup_left_s;
    TW_RETURN_IF_ERROR(run.act(answer));
    if (answer.action == Answer::Action::launch) decision.ok = run.look().last_attempt->ok;
    if (keep == Keep::moments_too) {
      apply(world.problem, decision, setup_left_s, moment);
      played.moments.push_back(moment);
    }
    if (keep == Keep::outcome || answer.action == Answer::Action::hold) continue;
    decision.reason = player.why();
    played.decisions.push_back(std::move(decision));
  }
  played.ticks = run.tick();
  played.outcome = run.outcome();
  return played;
}

std::string log_text(const Problem& problem, const Played& played) {
  std::string text = to_text(json::object{{"type", "scenario"}, {"id", problem.id}}) + "\n";
  for (const Decision& decision : played.decisions) text += to_text(decision_json(problem, decision)) + "\n";
  return text + to_text(end_json(problem, played.outcome)) + "\n";
}

}  // namespace tradewind::backtest
