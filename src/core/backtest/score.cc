#include "core/backtest/score.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace tradewind::backtest {

using policy::Answer;
using policy::Holding;
using policy::Problem;
using policy::Purchase;

namespace {

constexpr double progress_slack_s = 1;
constexpr double finish_slack_s = 1;
constexpr double cost_slack = 1e-4;  // of the cost, at least of one dollar

Error refused(std::string sentence) {
  return Error{Code::invalid_argument, std::move(sentence)};
}

Result<Holding> holding_of(const Problem& problem, JsonReader& reader) {
  const std::string name = reader.text("zone");
  const std::string purchase = reader.text("purchase");
  if (purchase != "spot" && purchase != "on_demand") reader.fail("purchase", "is not spot or on_demand");
  TW_RETURN_IF_ERROR(reader.status());
  const auto zone = std::ranges::find(problem.zones, name, &policy::Zone::name);
  if (zone == problem.zones.end()) return refused("there is no zone '" + name + "'");
  return Holding{static_cast<int>(zone - problem.zones.begin()),
                 purchase == "spot" ? Purchase::spot : Purchase::on_demand};
}

Result<Answer> answer_of(const Problem& problem, JsonReader& reader) {
  const std::string action = reader.text("action");
  TW_RETURN_IF_ERROR(reader.status());
  if (action == "hold") return policy::hold();
  if (action == "stop") return policy::stop();
  if (action != "launch") return refused("there is no action '" + action + "'");
  TW_ASSIGN_OR_RETURN(const Holding what, holding_of(problem, reader));
  return policy::launch(what.zone, what.purchase);
}

// What a line says of the moment before its decision.
Status check_claims(const Problem& problem, JsonReader& reader, const policy::Sight& sight) {
  if (reader.has("progress_s")) {
    const double claimed = reader.number("progress_s");
    TW_RETURN_IF_ERROR(reader.status());
    if (!(claimed <= sight.progress_s + progress_slack_s)) {
      return refused("claims " + std::to_string(claimed) + " s of progress, and there are " +
                     std::to_string(sight.progress_s));
    }
  }
  const json::value* held = reader.optional("held");
  if (held == nullptr) return {};
  JsonReader holding(*held, "held");
  TW_ASSIGN_OR_RETURN(const Holding claimed, holding_of(problem, holding));
  if (sight.held != claimed) return refused("claims to hold what was not held");
  return {};
}

Status apply(const World& world, const json::value& line, Run& run) {
  JsonReader reader(line, "");
  TW_RETURN_IF_ERROR(check_claims(world.problem, reader, run.look()));
  // An explicit null claims that nothing is held.
  const json::object& object = line.get_object();
  if (const json::value* held = object.if_contains("held");
      held != nullptr && held->is_null() && run.look().held) {
    return refused("claims to hold nothing");
  }
  TW_ASSIGN_OR_RETURN(const Answer answer, answer_of(world.problem, reader));
  const bool said_ok = reader.boolean_or("ok", true);
  TW_RETURN_IF_ERROR(reader.status());
  TW_RETURN_IF_ERROR(run.act(answer));
  if (answer.action != Answer::Action::launch) return {};
  const bool ok = run.look().last_attempt->ok;
  if (!ok && said_ok) return refused("spot was not available");
  if (ok && !said_ok) return refused("a launch is logged as failed that would have worked");
  return {};
}

Result<int> tick_of(const World& world, const json::value& line, int after) {
  JsonReader reader(line, "the line");
  const std::int64_t tick = reader.integer("tick");
  TW_RETURN_IF_ERROR(reader.status());
  if (tick <= after || tick >= world.problem.deadline_ticks) {
    return refused("tick " + std::to_string(tick) + " is out of order or out of range");
  }
  return static_cast<int>(tick);
}

Status check_end(const json::value& end, const Outcome& outcome) {
  if (end.is_null()) return {};
  JsonReader reader(end, "the end");
  if (reader.has("cost_usd")) {
    const double claimed = reader.number("cost_usd");
    if (!(std::fabs(claimed - outcome.cost_usd) <= cost_slack * std::max(1.0, outcome.cost_usd))) {
      reader.fail("cost_usd",
                  "is " + std::to_string(claimed) + ", and it cost " + std::to_string(outcome.cost_usd));
    }
  }
  if (reader.has("finished_s")) {
    const double claimed = reader.number("finished_s");
    if (!outcome.finished || !(std::fabs(claimed - outcome.finished_s) <= finish_slack_s)) {
      reader.fail("finished_s",
                  "is " + std::to_string(claimed) + ", and it " +
                      (outcome.finished ? "was " + std::to_string(outcome.finished_s) : "did not finish"));
    }
  }
  if (reader.boolean_or("finished", false) && !outcome.finished)
    reader.fail("finished", "is claimed, and it did not");
  return reader.status();
}

Error at_tick(const World& world, int tick, const Error& error) {
  return refused(world.problem.id + ": tick " + std::to_string(tick) + ": " + error.message);
}

Status read_line(const json::value& line, int number, std::vector<LoggedRun>& runs) {
  const json::object* object = line.if_object();
  if (object == nullptr) return refused("is not a JSON object");
  const json::value* type = object->if_contains("type");
  if (type != nullptr && *type == "scenario") {
    JsonReader reader(line, "");
    LoggedRun run{reader.text("id"), number, {}, nullptr};
    TW_RETURN_IF_ERROR(reader.status());
    if (std::ranges::find(runs, run.id, &LoggedRun::id) != runs.end())
      return refused("scenario '" + run.id + "' comes twice");
    runs.push_back(std::move(run));
    return {};
  }
  if (runs.empty()) return refused("there is no scenario yet");
  if (type != nullptr && *type == "end") {
    runs.back().end = line;
  } else {
    runs.back().decisions.push_back(line);
  }
  return {};
}

}  // namespace

Result<std::vector<LoggedRun>> read_log(std::string_view text) {
  std::vector<LoggedRun> runs;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (trim(line).empty()) continue;
    const Result<json::value> value = parse_json(line);
    const Status read = value.ok() ? read_line(*value, number, runs) : Status(value.error());
    if (!read.ok()) return refused("line " + std::to_string(number) + ": " + read.error().message);
  }
  return runs;
}

Result<Outcome> score(const World& world, const LoggedRun& logged) {
  Run run(world);
  int last = -1;
  for (const json::value& line : logged.decisions) {
    const Result<int> tick = tick_of(world, line, last);
    if (!tick.ok()) return refused(world.problem.id + ": " + tick.error().message);
    last = *tick;
    while (!run.done() && run.tick() < last) TW_RETURN_IF_ERROR(run.act(policy::hold()));
    if (run.done()) return at_tick(world, last, refused("a decision after the job's end"));
    const Status applied = apply(world, line, run);
    if (!applied.ok()) return at_tick(world, last, applied.error());
  }
  while (!run.done()) TW_RETURN_IF_ERROR(run.act(policy::hold()));
  const Status end = check_end(logged.end, run.outcome());
  if (!end.ok()) return refused(world.problem.id + ": " + end.error().message);
  return run.outcome();
}

}  // namespace tradewind::backtest
