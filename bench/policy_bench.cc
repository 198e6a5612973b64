// Spot policies and their backtest: microseconds a decision with 50 zones, scenarios with their optimum a
// minute, and how both grow with the ticks.
//   policy_bench [--json] [SCENARIOS]     SCENARIOS: how many get their optimum (2,000)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "core/backtest/draw.h"
#include "core/backtest/optimum.h"
#include "core/backtest/play.h"
#include "core/backtest/protocol.h"
#include "core/model/json.h"
#include "core/policy/player_registry.h"

namespace tradewind::backtest {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

SteadyTime now() {
  return std::chrono::steady_clock::now();
}
double seconds_since(SteadyTime start) {
  return std::chrono::duration<double>(now() - start).count();
}

constexpr int many_zones = 50;
constexpr double hour_s = 3600;

policy::Problem problem_of(int zones, double work_h, double deadline_h) {
  policy::Problem problem;
  problem.id = "bench";
  problem.tick_s = 300;
  problem.deadline_ticks = static_cast<int>(deadline_h * hour_s / problem.tick_s);
  problem.work_s = work_h * hour_s;
  problem.cold_start_s = 300;
  problem.checkpoint_gb = 60;
  problem.transfer_s = 60;
  for (int i = 0; i < zones; ++i) {
    const int region = i / 4;
    const std::string name = "region-" + std::to_string(region);
    problem.zones.push_back(
        {"zone-" + std::to_string(i), "p", name, "zone-" + std::to_string(i), 3 + 0.01 * i, region});
    if (problem.regions.size() == static_cast<std::size_t>(region)) problem.regions.push_back(name);
  }
  problem.move_usd.assign(problem.regions.size() * problem.regions.size(), 1.2);
  for (std::size_t r = 0; r < problem.regions.size(); ++r)
    problem.move_usd[r * problem.regions.size() + r] = 0;
  return problem;
}

World world_with(int zones, double work_h, double deadline_h, std::uint64_t seed) {
  std::vector<double> prices;
  prices.reserve(static_cast<std::size_t>(zones));
  Random random(seed);
  for (int i = 0; i < zones; ++i) prices.push_back(0.6 + random.unit());
  const Drawn drawn = draw_market(problem_of(zones, work_h, deadline_h), prices, seed);
  return world_of(drawn.scenario, drawn.traces).value();
}

// ---- a decision

struct Latency {
  std::string policy;
  double p50_us = 0;
  double p99_us = 0;
  double with_protocol_p99_us = 0;  // the line read, the answer written
};

double percentile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string scenario_line(const policy::Problem& problem) {
  json::array zones;
  for (const policy::Zone& zone : problem.zones) {
    zones.push_back(json::object{
        {"name", zone.name}, {"region", zone.region}, {"on_demand_per_h", zone.on_demand_per_h}});
  }
  return to_text(json::object{{"type", "scenario"},
                              {"id", problem.id},
                              {"tick_s", problem.tick_s},
                              {"deadline_ticks", problem.deadline_ticks},
                              {"work_s", problem.work_s},
                              {"cold_start_s", problem.cold_start_s},
                              {"checkpoint_gb", problem.checkpoint_gb},
                              {"transfer_gbps", 8},
                              {"egress_usd_per_gb", json::object{{"*", 0.02}}},
                              {"zones", std::move(zones)}});
}

json::value holding_json(const policy::Problem& problem, const policy::Holding& held) {
  return json::object{{"zone", problem.zones[static_cast<std::size_t>(held.zone)].name},
                      {"purchase", held.purchase == policy::Purchase::spot ? "spot" : "on_demand"}};
}

std::string tick_line(const policy::Problem& problem, const policy::Sight& sight) {
  json::object available;
  json::object prices;
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    available[problem.zones[i].name] = sight.capacity[i] == policy::Seen::up;
    prices[problem.zones[i].name] = sight.spot_per_h[i];
  }
  json::object line{{"type", "tick"},
                    {"tick", sight.tick},
                    {"preempted", sight.preempted},
                    {"setup_left_s", sight.setup_left_s},
                    {"progress_s", sight.progress_s},
                    {"checkpoint_s", sight.checkpoint_s},
                    {"cost_usd", sight.cost_usd},
                    {"available", std::move(available)},
                    {"spot_price", std::move(prices)}};
  if (sight.held) line["held"] = holding_json(problem, *sight.held);
  if (sight.checkpoint_region)
    line["checkpoint_region"] = problem.regions[static_cast<std::size_t>(*sight.checkpoint_region)];
  return to_text(line);
}

Latency latency_of(std::string_view name) {
  std::vector<double> decide_us;
  std::vector<double> answer_us;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const World world = world_with(many_zones, 24, 36, seed);
    const auto player = policy::make_player(name, world.problem);
    PolicySession session([&](const policy::Problem& problem) { return policy::make_player(name, problem); });
    if (!session.answer(scenario_line(world.problem)).ok()) std::abort();
    Run run(world);
    while (!run.done()) {
      const SteadyTime began = now();
      const policy::Answer answer = player->decide(run.look());
      decide_us.push_back(seconds_since(began) * 1e6);
      const std::string line = tick_line(world.problem, run.look());
      const SteadyTime asked = now();
      if (!session.answer(line).ok()) std::abort();
      answer_us.push_back(seconds_since(asked) * 1e6);
      if (!run.act(answer).ok()) std::abort();
    }
  }
  return {std::string(name), percentile(decide_us, 0.5), percentile(decide_us, 0.99),
          percentile(answer_us, 0.99)};
}

// ---- optima

// Seconds for the optima of so many scenarios of all kinds, on all cores.
double optima_s(std::size_t count, unsigned threads) {
  std::vector<World> worlds;
  for (std::uint64_t seed = 1; worlds.size() < count; ++seed) {
    for (const Drawn& drawn : draw_scenarios(seed)) {
      if (worlds.size() < count) worlds.push_back(world_of(drawn.scenario, drawn.traces).value());
    }
  }
  std::atomic<std::size_t> next{0};
  const SteadyTime start = now();
  {
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < threads; ++i) {
      crew.emplace_back([&] {
        for (std::size_t at = next++; at < worlds.size(); at = next++) {
          if (!optimum(worlds[at]).feasible) std::abort();
        }
      });
    }
  }
  return seconds_since(start);
}

// ---- growth

struct Growth {
  int ticks = 0;
  double play_ms = 0;     // all policies
  double optimum_ms = 0;  // the work stays the same, and the deadline moves away
};

// One market may be out for days, and another never: many are played, each so often.
constexpr std::uint64_t markets = 24;
constexpr int repeats = 3;

// The least of some goes, milliseconds.
template <class Act>
double least_ms(Act act) {
  double least = 1e300;
  for (int i = 0; i < repeats; ++i) {
    const SteadyTime start = now();
    act();
    least = std::min(least, seconds_since(start) * 1e3);
  }
  return least;
}

Growth growth_at(int times) {
  constexpr double hours = 36;
  Growth growth;
  for (std::uint64_t seed = 1; seed <= markets; ++seed) {
    const World whole = world_with(5, 24.0 * times, hours * times, seed);
    growth.ticks = whole.problem.deadline_ticks;
    growth.play_ms += least_ms([&] {
      for (const std::string_view name : policy::player_names()) {
        const auto player = policy::make_player(name, whole.problem);
        if (!play(whole, *player).ok()) std::abort();
      }
    });
    const World patient = world_with(5, 24, 24 + (hours - 24) * times, seed);
    growth.optimum_ms += least_ms([&] {
      if (!optimum(patient).feasible) std::abort();
    });
  }
  growth.play_ms /= static_cast<double>(markets);
  growth.optimum_ms /= static_cast<double>(markets);
  return growth;
}

int run(std::size_t count, bool as_json) {
  std::vector<Latency> latencies;
  for (const std::string_view name : policy::player_names()) latencies.push_back(latency_of(name));
  const unsigned threads = std::max(std::thread::hardware_concurrency(), 1U);
  const double optima = optima_s(count, threads);
  std::vector<Growth> growth;
  for (const int times : {1, 2, 4, 8}) growth.push_back(growth_at(times));
  if (as_json) {
    json::array decisions;
    for (const Latency& each : latencies) {
      decisions.push_back(json::object{{"policy", each.policy},
                                       {"p50_us", each.p50_us},
                                       {"p99_us", each.p99_us},
                                       {"with_protocol_p99_us", each.with_protocol_p99_us}});
    }
    json::array grown;
    for (const Growth& each : growth) {
      grown.push_back(
          json::object{{"ticks", each.ticks}, {"play_ms", each.play_ms}, {"optimum_ms", each.optimum_ms}});
    }
    std::printf("%s\n", to_text(json::object{{"zones", many_zones},
                                             {"decisions", std::move(decisions)},
                                             {"scenarios", count},
                                             {"threads", threads},
                                             {"optima_s", optima},
                                             {"growth", std::move(grown)}})
                            .c_str());
    return 0;
  }
  std::printf(
      "a decision with %d zones, us: median, 99th percentile; the latter with the line read and the answer "
      "written\n",
      many_zones);
  for (const Latency& each : latencies) {
    std::printf("  %-18s %8.2f %8.2f %8.1f\n", each.policy.c_str(), each.p50_us, each.p99_us,
                each.with_protocol_p99_us);
  }
  std::printf("optima of %zu scenarios of nine kinds on %u threads: %.2f s, so 10,000 in %.1f s\n", count,
              threads, optima, optima * 10'000 / static_cast<double>(count));
  std::printf(
      "growth with ticks, ms, the mean of %d markets: all policies over a longer job, the optimum of the "
      "same "
      "job with more time\n",
      static_cast<int>(markets));
  for (const Growth& each : growth)
    std::printf("  %6d ticks %8.2f %8.2f\n", each.ticks, each.play_ms, each.optimum_ms);
  return 0;
}

}  // namespace
}  // namespace tradewind::backtest

int main(int count, char** words) {
  bool as_json = false;
  std::size_t scenarios = 2000;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--json") {
      as_json = true;
    } else {
      scenarios = std::max<std::size_t>(std::strtoull(words[i], nullptr, 10), 1);
    }
  }
  return tradewind::backtest::run(scenarios, as_json);
}
