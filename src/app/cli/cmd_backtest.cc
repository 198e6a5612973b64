// tradewind simulate SCENARIO…: what each policy would have cost, beside on-demand and the best play.
#include <algorithm>
#include <ostream>
#include <thread>

#include "app/cli/backtest.h"
#include "app/cli/backtest_input.h"
#include "app/cli/backtest_runner.h"
#include "app/cli/backtest_text.h"
#include "app/cli/live_line.h"
#include "app/cli/policy_name.h"
#include "app/cli/progress_bar.h"
#include "app/cli/task_market.h"
#include "app/cli/timeline.h"
#include "base/random.h"
#include "base/text.h"
#include "core/backtest/draw.h"
#include "core/backtest/play.h"
#include "core/backtest/score.h"
#include "core/policy/player_registry.h"
#include "edge/io/files.h"

namespace tradewind::cli {
namespace {

Result<std::vector<std::string>> policies_of(const SimulateOptions& options) {
  std::vector<std::string> policies;
  for (const std::string& words : options.policies) {
    for (const std::string& name : split(words, ',')) {
      TW_RETURN_IF_ERROR(check_policy_name(name));
      if (std::ranges::find(policies, name) == policies.end()) policies.push_back(name);
    }
  }
  if (!policies.empty()) return policies;
  const std::vector<std::string_view> all = policy::player_names();
  return std::vector<std::string>(all.begin(), all.end());
}

void add(backtest::Drawn drawn, BacktestInput& input) {
  input.sets.push_back(std::move(drawn.traces));
  input.scenarios.push_back(std::move(drawn.scenario));
  input.traces.push_back(&input.sets.back());
}

bool is_task(const std::string& file) {
  return file == "-" || file.ends_with(".yaml") || file.ends_with(".yml");
}

// The job of a task file, over as many synthetic markets as there are seeds.
Status add_task(const std::string& file, const SimulateOptions& options, Context& context,
                BacktestInput& input) {
  TW_ASSIGN_OR_RETURN(const TaskMarket market, market_of_task(file, options.checkpoint_gb, context));
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    add(backtest::draw_market(market.problem, market.spot_per_h, options.seed + i), input);
    input.scenarios.back().label = market.problem.id;
  }
  return {};
}

Result<BacktestInput> input_of(const SimulateOptions& options, Context& context) {
  BacktestInput input;
  std::vector<std::string> scenarios;
  for (const std::string& file : options.files) {
    if (is_task(file)) {
      TW_RETURN_IF_ERROR(add_task(file, options, context, input));
    } else {
      scenarios.push_back(file);
    }
  }
  TW_RETURN_IF_ERROR(read_scenarios(scenarios, options.traces, context, input));
  for (std::uint64_t i = 0; options.synthetic && i < options.seeds; ++i) {
    for (backtest::Drawn& drawn : backtest::draw_scenarios(options.seed + i)) add(std::move(drawn), input);
  }
  return input;
}

// Keeps the scenarios of the classes that are asked for. not_found with a near word for a class that no
// scenario has.
Status keep_classes(const std::vector<std::string>& wanted, BacktestInput& input) {
  if (wanted.empty()) return {};
  std::vector<std::string_view> known;
  for (const backtest::Scenario& scenario : input.scenarios) known.push_back(scenario.label);
  std::vector<std::string> names;
  for (const std::string& words : wanted) {
    for (const std::string& name : split(words, ',')) {
      if (std::ranges::find(known, name) == known.end()) {
        const std::string near = nearest_word(name, known);
        return Error{Code::not_found, "no scenario is of class '" + name + "'",
                     near.empty() ? "" : "did you mean '" + near + "'?"};
      }
      names.push_back(name);
    }
  }
  BacktestInput kept;
  for (std::size_t i = 0; i < input.scenarios.size(); ++i) {
    if (std::ranges::find(names, input.scenarios[i].label) == names.end()) continue;
    kept.scenarios.push_back(input.scenarios[i]);
    kept.traces.push_back(input.traces[i]);
  }
  kept.sets = std::move(input.sets);
  input = std::move(kept);
  return {};
}

// Each scenario as it is; or, with --starts, at so many other times of its traces, drawn by --seed.
Result<std::vector<BacktestCase>> cases_of(const SimulateOptions& options, const BacktestInput& input) {
  std::vector<BacktestCase> cases;
  Random random(options.seed);
  for (std::size_t i = 0; i < input.scenarios.size(); ++i) {
    const BacktestCase one{&input.scenarios[i], input.traces[i], 0};
    if (options.starts == 0) {
      cases.push_back(one);
      continue;
    }
    TW_ASSIGN_OR_RETURN(const backtest::Room room, backtest::room_of(*one.scenario, *one.traces));
    for (std::uint64_t k = 0; k < options.starts; ++k) {
      cases.push_back(one);
      const auto width = static_cast<std::uint64_t>(room.earliest + room.latest + 1);
      cases.back().shift_ticks = static_cast<std::int64_t>(random.below(width)) - room.earliest;
    }
  }
  return cases;
}

Result<Timeline> timeline_of(const BacktestCase& one, const std::vector<std::string>& policies,
                             bool with_optimum) {
  Timeline timeline;
  TW_ASSIGN_OR_RETURN(timeline.world, backtest::world_of(*one.scenario, *one.traces, one.shift_ticks));
  if (with_optimum) timeline.optimum = backtest::optimum(timeline.world);
  for (const std::string& name : policies) {
    const auto player = policy::make_player(name, timeline.world.problem);
    TW_ASSIGN_OR_RETURN(backtest::Played played,
                        backtest::play(timeline.world, *player, backtest::Keep::moments_too));
    timeline.runs.push_back({name, std::move(played)});
  }
  return timeline;
}

Status write_pictures(const SimulateOptions& options, const std::vector<BacktestCase>& cases,
                      const std::vector<std::string>& policies, Context& context) {
  if (options.svg.empty() && options.html.empty()) return {};
  TW_ASSIGN_OR_RETURN(const Timeline timeline, timeline_of(cases.front(), policies, !options.no_optimum));
  if (!options.svg.empty()) {
    TW_RETURN_IF_ERROR(io::write_file_atomic(absolute_path(options.svg, context), timeline_svg(timeline)));
  }
  if (!options.html.empty()) {
    TW_RETURN_IF_ERROR(io::write_file_atomic(absolute_path(options.html, context), timeline_html(timeline)));
  }
  if (cases.size() > 1) context.err << "the picture shows the first of " << cases.size() << " runs\n";
  return {};
}

Status write_log(const SimulateOptions& options, const std::vector<BacktestCase>& cases,
                 const std::string& policy, Context& context) {
  std::string text;
  for (const BacktestCase& one : cases) {
    TW_ASSIGN_OR_RETURN(const backtest::World world,
                        backtest::world_of(*one.scenario, *one.traces, one.shift_ticks));
    const auto player = policy::make_player(policy, world.problem);
    TW_ASSIGN_OR_RETURN(const backtest::Played played, backtest::play(world, *player));
    text += backtest::log_text(world.problem, played);
  }
  return io::write_file_atomic(absolute_path(options.log_file, context), text);
}

Status check(const SimulateOptions& options, const std::vector<std::string>& policies) {
  if (options.faults)
    return Error{Code::invalid_argument, "--faults is for the control plane, and scenarios have none"};
  if (options.log && options.log_file.empty()) {
    return Error{Code::invalid_argument, "--log needs a file for the decisions", "--log run.jsonl"};
  }
  if (options.log && policies.size() != 1) {
    return Error{Code::invalid_argument,
                 "--log holds the decisions of one policy, and " + std::to_string(policies.size()) + " play",
                 "--policy " + policies.front()};
  }
  if (options.log && options.starts > 0)
    return Error{Code::invalid_argument, "--log and --starts do not go together"};
  return {};
}

void print_result(const std::vector<BacktestCase>& cases, const std::vector<std::string>& policies,
                  const BacktestResult& result, Duration took, Context& context) {
  context.out << backtest_tables(cases, policies, result, context.terminal.width, context.terminal.colour)
              << "\n"
              << cases.size() << (cases.size() == 1 ? " run, " : " runs, ") << policies.size()
              << (policies.size() == 1 ? " policy, " : " policies, ") << result.decisions << " decisions in "
              << format_duration(took) << "\n";
}

Result<ExitCode> play_all(const SimulateOptions& options, const std::vector<std::string>& policies,
                          const std::vector<BacktestCase>& cases, Context& context) {
  BacktestOptions how{policies, !options.no_optimum, options.jobs};
  if (how.threads == 0) how.threads = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  const Duration began = context.clock.monotonic();
  LiveLine line(context);
  TW_ASSIGN_OR_RETURN(
      const BacktestResult result, run_backtest(cases, how, context.interrupted, [&](std::size_t done) {
        line.show(bar(static_cast<double>(done) / static_cast<double>(cases.size()), 30) + "  " +
                  std::to_string(done) + " of " + std::to_string(cases.size()) + " runs");
      }));
  line.clear();
  const Duration took = context.clock.monotonic() - began;
  TW_RETURN_IF_ERROR(write_pictures(options, cases, policies, context));
  if (options.log) TW_RETURN_IF_ERROR(write_log(options, cases, policies.front(), context));
  const auto is_missing = [](const std::optional<CaseResult>& one) { return !one.has_value(); };
  if (std::ranges::all_of(result.cases, is_missing)) return ExitCode::interrupted;
  if (context.json) {
    json::object document = backtest_json(cases, policies, result);
    document["took_s"] = seconds_of(took);
    document["hopeless"] = to_json(hopeless(cases));
    print_json(context, document);
  } else {
    print_result(cases, policies, result, took, context);
  }
  if (std::ranges::any_of(result.cases, is_missing)) return ExitCode::interrupted;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    if (summarise(samples_of(cases, result, i), "ALL").missed > 0) return ExitCode::failed;
  }
  return ExitCode::done;
}

Result<ExitCode> score_log(const SimulateOptions& options, const BacktestInput& input, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(absolute_path(options.score, context)));
  TW_ASSIGN_OR_RETURN(const std::vector<backtest::LoggedRun> runs, backtest::read_log(text));
  json::array lines;
  bool missed = false;
  for (const backtest::LoggedRun& run : runs) {
    const auto known = std::ranges::find_if(
        input.scenarios, [&](const backtest::Scenario& scenario) { return scenario.problem.id == run.id; });
    if (known == input.scenarios.end()) {
      return Error{Code::not_found, options.score + ": line " + std::to_string(run.line) +
                                        ": there is no scenario '" + run.id + "'"};
    }
    const auto index = static_cast<std::size_t>(known - input.scenarios.begin());
    TW_ASSIGN_OR_RETURN(const backtest::World world, backtest::world_of(*known, *input.traces[index]));
    TW_ASSIGN_OR_RETURN(const backtest::Outcome outcome, backtest::score(world, run));
    missed = missed || !outcome.finished;
    if (!context.json) {
      context.out << run.id << "  " << outcome.cost_usd << " USD, "
                  << (outcome.finished
                          ? "done after " + format_duration(duration_of_seconds(outcome.finished_s))
                          : "deadline missed")
                  << "\n";
    }
    lines.push_back(
        json::object{{"scenario", run.id}, {"cost_usd", outcome.cost_usd}, {"missed", !outcome.finished}});
  }
  if (context.json) print_json(context, json::object{{"runs", std::move(lines)}});
  return missed ? ExitCode::failed : ExitCode::done;
}

}  // namespace

Result<ExitCode> run_backtest_verb(const SimulateOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<std::string> policies, policies_of(options));
  TW_RETURN_IF_ERROR(check(options, policies));
  TW_ASSIGN_OR_RETURN(BacktestInput input, input_of(options, context));
  TW_RETURN_IF_ERROR(keep_classes(options.classes, input));
  if (!options.score.empty()) return score_log(options, input, context);
  TW_ASSIGN_OR_RETURN(const std::vector<BacktestCase> cases, cases_of(options, input));
  if (!context.json) {
    for (const std::string& sentence : hopeless(cases)) print_warning(context, sentence);
  }
  return play_all(options, policies, cases, context);
}

}  // namespace tradewind::cli
