// tradewind simulate: the same control plane over modelled suppliers and virtual time; its promises checked
// at each step.
#include <algorithm>
#include <ostream>
#include <thread>

#include "app/cli/backtest.h"
#include "app/cli/live_line.h"
#include "app/cli/progress_bar.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "engine/simulator/simulation.h"

namespace tradewind::cli {
namespace {

using simulator::SimulationReport;
using simulator::SimulationSum;

// So many on each core before the progress is shown and Ctrl-C is looked at.
constexpr std::uint64_t seeds_per_core = 4;
constexpr std::size_t edges_shown_max = 12;

simulator::SimulationOptions options_of(const SimulateOptions& options) {
  simulator::SimulationOptions simulation;
  simulation.seed = options.seed;
  simulation.faults = options.faults;
  simulation.keep_log = options.log;
  return simulation;
}

SimulationSum one_seed(const SimulateOptions& options) {
  SimulationSum sum;
  sum.seeds = 1;
  sum.total = simulator::simulate(options_of(options));
  for (const std::string& violation : sum.total.violations) {
    sum.violations.push_back("seed " + std::to_string(options.seed) + ": " + violation);
  }
  return sum;
}

void add(SimulationSum& sum, const SimulationSum& more) {
  sum.seeds += more.seeds;
  sum.violations.insert(sum.violations.end(), more.violations.begin(), more.violations.end());
  sum.total.coverage.add(more.total.coverage);
  sum.total.turns += more.total.turns;
  sum.total.events += more.total.events;
  sum.total.crashes += more.total.crashes;
  sum.total.faults += more.total.faults;
  sum.total.launches += more.total.launches;
  sum.total.preemptions += more.total.preemptions;
  sum.total.jobs_succeeded += more.total.jobs_succeeded;
  sum.total.jobs_cancelled += more.total.jobs_cancelled;
  sum.total.moves_done += more.total.moves_done;
  sum.total.moves_failed += more.total.moves_failed;
  sum.total.virtual_s += more.total.virtual_s;
}

// In portions. Ends early at Ctrl-C, with what is done by then.
SimulationSum many_seeds(const SimulateOptions& options, Context& context) {
  const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
  simulator::SimulationOptions simulation = options_of(options);
  SimulationSum sum;
  LiveLine line(context);
  while (sum.seeds < options.seeds && !context.interrupted) {
    simulation.seed = options.seed + sum.seeds;
    const std::uint64_t portion = std::min<std::uint64_t>(options.seeds - sum.seeds, cores * seeds_per_core);
    add(sum, simulator::simulate_seeds(simulation, portion, static_cast<int>(cores)));
    line.show(bar(static_cast<double>(sum.seeds) / static_cast<double>(options.seeds), 30) + "  " +
              std::to_string(sum.seeds) + " of " + std::to_string(options.seeds) + " seeds, " +
              std::to_string(sum.violations.size()) + " violations");
  }
  return sum;
}

struct EdgeSummary {
  std::size_t edges = 0;
  std::size_t crossed = 0;
  std::size_t crash_before = 0;  // crossed with a crash before the commit, at least once
  std::size_t crash_after = 0;
  std::vector<std::string> missed;
};

EdgeSummary edges_of(const simulator::Coverage& coverage) {
  EdgeSummary summary;
  for (const std::string& name : simulator::all_edges()) {
    ++summary.edges;
    const auto found = coverage.edges().find(name);
    if (found == coverage.edges().end() || found->second.crossed == 0) {
      summary.missed.push_back(name);
      continue;
    }
    ++summary.crossed;
    if (found->second.crash_before > 0) ++summary.crash_before;
    if (found->second.crash_after > 0) ++summary.crash_after;
  }
  return summary;
}

// "seed 7: text" in its two parts.
json::value violation_json(const std::string& violation) {
  const std::size_t colon = violation.find(": ");
  return json::object{{"seed", std::stoull(violation.substr(5, colon - 5))},
                      {"what", violation.substr(colon + 2)}};
}

json::value coverage_json(const EdgeSummary& edges) {
  return json::object{{"edges", edges.edges},
                      {"crossed", edges.crossed},
                      {"crash_before", edges.crash_before},
                      {"crash_after", edges.crash_after},
                      {"missed", to_json(edges.missed)}};
}

json::object sum_json(const SimulateOptions& options, const SimulationSum& sum, Duration took) {
  const SimulationReport& total = sum.total;
  json::array violations;
  for (const std::string& violation : sum.violations) violations.push_back(violation_json(violation));
  return json::object{{"seed", options.seed},
                      {"seeds", sum.seeds},
                      {"with_faults", options.faults},
                      {"turns", total.turns},
                      {"events", total.events},
                      {"crashes", total.crashes},
                      {"faults", total.faults},
                      {"launches", total.launches},
                      {"preemptions", total.preemptions},
                      {"jobs_succeeded", total.jobs_succeeded},
                      {"jobs_cancelled", total.jobs_cancelled},
                      {"moves_done", total.moves_done},
                      {"moves_failed", total.moves_failed},
                      {"virtual_s", total.virtual_s},
                      {"took_s", seconds_of(took)},
                      {"coverage", coverage_json(edges_of(total.coverage))},
                      {"violations", std::move(violations)}};
}

void print_line(Context& context, std::string name, const std::string& text) {
  name.resize(13, ' ');
  context.out << paint(Style::dim, name, context.terminal.colour) << text << "\n";
}

void print_edges(const EdgeSummary& edges, Context& context) {
  print_line(context, "edges",
             std::to_string(edges.crossed) + " of " + std::to_string(edges.edges) +
                 " crossed; with a crash before the commit " + std::to_string(edges.crash_before) +
                 ", after it " + std::to_string(edges.crash_after));
  for (std::size_t i = 0; i < std::min(edges.missed.size(), edges_shown_max); ++i) {
    print_line(context, i == 0 ? "not crossed" : "", edges.missed[i]);
  }
  if (edges.missed.size() > edges_shown_max) {
    print_line(context, "",
               "… and " + std::to_string(edges.missed.size() - edges_shown_max) + " more; --json has all");
  }
}

void print_violations(const SimulateOptions& options, const SimulationSum& sum, Context& context) {
  if (sum.violations.empty()) {
    print_line(context, "violations", paint(Style::green, "none", context.terminal.colour));
    return;
  }
  print_line(context, "violations",
             paint(Style::red, std::to_string(sum.violations.size()), context.terminal.colour));
  for (const std::string& violation : sum.violations)
    context.out << wrap(violation, context.terminal.width, "  ");
  if (options.log) return;
  const std::string seed = sum.violations.front().substr(5, sum.violations.front().find(':') - 5);
  context.out << "tradewind simulate --seed " << seed << (options.faults ? " --faults" : "")
              << " --log shows how it came to it\n";
}

void print_sum(const SimulateOptions& options, const SimulationSum& sum, Duration took, Context& context) {
  const SimulationReport& total = sum.total;
  const auto number = [](auto value) { return std::to_string(value); };
  const bool single = options.seeds == 1;
  print_line(context, single ? "seed" : "seeds",
             number(options.seed) +
                 (single ? "" : " to " + number(options.seed + std::max<std::uint64_t>(sum.seeds, 1) - 1)) +
                 (options.faults ? ", with faults" : ", without faults"));
  print_line(context, "turns", number(total.turns) + ", " + number(total.events) + " events");
  print_line(context, "faults",
             number(total.faults) + ", and " + number(total.crashes) + " crashes of the control plane");
  print_line(context, "launches", number(total.launches) + ", " + number(total.preemptions) + " preempted");
  print_line(context, "jobs",
             number(total.jobs_succeeded) + " succeeded, " + number(total.jobs_cancelled) + " cancelled");
  print_line(context, "moves", number(total.moves_done) + " done, " + number(total.moves_failed) + " failed");
  print_line(
      context, "time",
      format_duration(duration_of_seconds(total.virtual_s)) + " of virtual time in " + format_duration(took));
  if (!single) print_edges(edges_of(total.coverage), context);
  print_violations(options, sum, context);
}

}  // namespace

Result<ExitCode> run_simulate(const SimulateOptions& options, Context& context) {
  if (!options.files.empty() || options.synthetic) return run_backtest_verb(options, context);
  if (!options.log_file.empty()) {
    return Error{Code::invalid_argument, "--log FILE is for scenarios, and none is given",
                 "tradewind simulate scenario.json --policy failover --log run.jsonl"};
  }
  if (options.log && options.seeds > 1) {
    return Error{Code::invalid_argument,
                 "--log shows one run, and --seeds asks for " + std::to_string(options.seeds),
                 "tradewind simulate --seed N --log"};
  }
  const Duration began = context.clock.monotonic();
  const SimulationSum sum = options.seeds == 1 ? one_seed(options) : many_seeds(options, context);
  const Duration took = context.clock.monotonic() - began;
  if (context.json) {
    json::object document = sum_json(options, sum, took);
    if (options.log) document["log"] = to_json(sum.total.log);
    print_json(context, document);
  } else {
    for (const std::string& line : sum.total.log) context.out << printable(line) << "\n";
    if (options.log) context.out << "\n";
    print_sum(options, sum, took, context);
  }
  if (!sum.violations.empty()) return ExitCode::failed;
  return sum.seeds < options.seeds ? ExitCode::interrupted : ExitCode::done;
}

}  // namespace tradewind::cli
