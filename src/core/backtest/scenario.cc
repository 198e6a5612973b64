#include "core/backtest/scenario.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"

namespace tradewind::backtest {

using policy::Info;
using policy::Problem;
using policy::Zone;

namespace {

constexpr std::int64_t deadline_ticks_max = 10'000'000;
constexpr std::size_t zones_max = 10'000;
constexpr double seconds_max = 1e10;
constexpr double price_max = 1e9;

struct InfoName {
  std::string_view name;
  Info info;
};
constexpr std::array<InfoName, 3> info_names = {
    {{"all", Info::all}, {"region", Info::region}, {"held", Info::held}}};

double number_within(JsonReader& reader, std::string_view key, double value, double least, double most) {
  if (!(value >= least && value <= most)) {
    reader.fail(key, least > 0 ? "is not a number above 0 and within reason"
                               : "is not a number of 0 or more and within reason");
    return least;
  }
  return value;
}

double above_zero(JsonReader& reader, std::string_view key, double value, double most) {
  return number_within(reader, key, value, 1e-9, most);
}

double not_negative(JsonReader& reader, std::string_view key, double value, double most) {
  return number_within(reader, key, value, 0, most);
}

Info read_info(JsonReader& reader) {
  const std::string word = reader.text_or("info", "all");
  std::array<std::string_view, info_names.size()> words;
  for (std::size_t i = 0; i < info_names.size(); ++i) {
    if (info_names[i].name == word) return info_names[i].info;
    words[i] = info_names[i].name;
  }
  const std::string near = nearest_word(word, words);
  reader.fail("info", "is '" + word + "', not all, region or held" +
                          (near.empty() ? "" : "; did you mean '" + near + "'?"));
  return Info::all;
}

std::string_view info_name(Info info) {
  return std::ranges::find(info_names, info, &InfoName::info)->name;
}

Zone read_zone(JsonReader& reader) {
  Zone zone;
  zone.name = reader.text("name");
  if (zone.name.empty()) reader.fail("name", "is empty");
  zone.provider = reader.text_or("provider", "");
  zone.region = reader.text("region");
  zone.zone = reader.text_or("zone", zone.name);
  zone.on_demand_per_h = above_zero(reader, "on_demand_per_h", reader.number("on_demand_per_h"), price_max);
  return zone;
}

std::string zone_path(std::size_t index) {
  return "zones[" + std::to_string(index) + "]";
}

void number_regions(Problem& problem) {
  for (Zone& zone : problem.zones) {
    const auto found = std::ranges::find(problem.regions, zone.region);
    zone.region_index = static_cast<int>(found - problem.regions.begin());
    if (found == problem.regions.end()) problem.regions.push_back(zone.region);
  }
}

void read_zones(JsonReader& reader, Problem& problem) {
  const json::array& zones = reader.array("zones");
  if (zones.empty()) reader.fail("zones", "is empty: a job needs a place to run");
  if (zones.size() > zones_max) reader.fail("zones", "has more than 10,000 zones");
  if (!reader.status().ok()) return;
  std::set<std::string_view> names;
  problem.zones.reserve(zones.size());
  for (std::size_t i = 0; i < zones.size(); ++i) {
    JsonReader zone(zones[i], reader.path_of(zone_path(i)));
    problem.zones.push_back(read_zone(zone));
    reader.merge(zone.status());
    if (!names.insert(problem.zones.back().name).second) {
      reader.fail(zone_path(i), "has the name '" + problem.zones.back().name + "' of an earlier zone");
    }
    if (!reader.status().ok()) return;
  }
  number_regions(problem);
}

// USD a GB, by "from>to"; "*" for all pairs that are not named.
void read_egress(JsonReader& reader, Problem& problem) {
  const std::size_t count = problem.regions.size();
  problem.move_usd.assign(count * count, 0);
  const json::value* prices = reader.optional("egress_usd_per_gb");
  if (prices == nullptr) return;
  JsonReader pairs(*prices, reader.path_of("egress_usd_per_gb"));
  const double others = not_negative(pairs, "*", pairs.number_or("*", 0), price_max);
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      if (from == to) continue;
      const std::string key = problem.regions[from] + ">" + problem.regions[to];
      problem.move_usd[from * count + to] =
          problem.checkpoint_gb * not_negative(pairs, key, pairs.number_or(key, others), price_max);
    }
  }
  reader.merge(pairs.status());
}

Problem read_problem(JsonReader& reader) {
  Problem problem;
  problem.id = reader.text("id");
  problem.tick_s = above_zero(reader, "tick_s", reader.number("tick_s"), seconds_max);
  const std::int64_t ticks = reader.integer("deadline_ticks");
  if (ticks < 1 || ticks > deadline_ticks_max) reader.fail("deadline_ticks", "is not 1 to 10,000,000");
  problem.deadline_ticks = static_cast<int>(ticks);
  problem.work_s = above_zero(reader, "work_s", reader.number("work_s"), seconds_max);
  problem.cold_start_s = not_negative(reader, "cold_start_s", reader.number("cold_start_s"), seconds_max);
  problem.checkpoint_gb =
      not_negative(reader, "checkpoint_gb", reader.number_or("checkpoint_gb", 0), price_max);
  problem.checkpoint_interval_s = not_negative(reader, "checkpoint_interval_s",
                                               reader.number_or("checkpoint_interval_s", 0), seconds_max);
  const double gbps = above_zero(reader, "transfer_gbps", reader.number_or("transfer_gbps", 1), price_max);
  problem.transfer_s = problem.checkpoint_gb * 8 / gbps;
  problem.info = read_info(reader);
  const std::int64_t nodes = reader.integer_or("nodes", 1);
  if (nodes < 1 || nodes > 1'000'000) reader.fail("nodes", "is not 1 to 1,000,000");
  problem.nodes = static_cast<int>(nodes);
  problem.penalty_factor =
      not_negative(reader, "penalty_factor", reader.number_or("penalty_factor", 3), price_max);
  read_zones(reader, problem);
  if (reader.status().ok()) read_egress(reader, problem);
  return problem;
}

// [[USD an hour, ticks], …]
std::vector<PriceStretch> read_prices(JsonReader& reader) {
  std::vector<PriceStretch> prices;
  const json::array& pairs = reader.array("spot_price");
  if (pairs.empty()) reader.fail("spot_price", "is empty");
  for (std::size_t i = 0; i < pairs.size() && reader.status().ok(); ++i) {
    const std::string path = "spot_price[" + std::to_string(i) + "]";
    const json::array* pair = pairs[i].if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number()) {
      reader.fail(path, "is not [USD an hour, ticks]");
      break;
    }
    const auto price = (*pair)[0].to_number<double>();
    const auto ticks = (*pair)[1].to_number<double>();
    if (!(price > 0 && price <= price_max)) reader.fail(path, "has a price that is not above 0");
    if (!(ticks >= 1 && ticks <= 1e12)) reader.fail(path, "is not of 1 tick or more");
    if (!reader.status().ok()) break;
    prices.push_back({price, static_cast<std::int64_t>(ticks)});
  }
  return prices;
}

Market read_market(JsonReader& reader) {
  Market market;
  market.spot_price = read_prices(reader);
  market.trace = reader.text("trace");
  market.start_tick = reader.integer_or("start_tick", 0);
  if (market.start_tick < 0) reader.fail("start_tick", "is below 0");
  return market;
}

std::vector<double> prices_of(const Market& market, std::size_t ticks) {
  std::vector<double> prices;
  prices.reserve(ticks);
  for (const PriceStretch& stretch : market.spot_price) {
    const auto count = std::min(static_cast<std::size_t>(stretch.ticks), ticks - prices.size());
    prices.insert(prices.end(), count, stretch.per_h);
  }
  prices.resize(ticks, market.spot_price.back().per_h);
  return prices;
}

Result<const traces::Trace*> trace_of(const Scenario& scenario, std::size_t zone, const TraceSet& traces) {
  const std::string& id = scenario.markets[zone].trace;
  const auto found = traces.find(id);
  if (found == traces.end()) {
    return Error{Code::not_found, scenario.problem.id + ": there is no trace '" + id + "' for " +
                                      scenario.problem.zones[zone].name};
  }
  if (found->second.nodes < scenario.problem.nodes) {
    return Error{Code::invalid_argument, scenario.problem.id + ": the job needs " +
                                             std::to_string(scenario.problem.nodes) + " nodes, and trace " +
                                             id + " tells of " + std::to_string(found->second.nodes)};
  }
  return &found->second;
}

}  // namespace

Result<Problem> problem_from_json(const json::value& message) {
  JsonReader reader(message, "");
  Problem problem = read_problem(reader);
  TW_RETURN_IF_ERROR(reader.status());
  return problem;
}

Result<Scenario> scenario_from_json(const json::value& document) {
  JsonReader reader(document, "");
  Scenario scenario;
  scenario.problem = read_problem(reader);
  scenario.label = reader.text_or("class", "");
  scenario.transfer_gbps = reader.number_or("transfer_gbps", 1);
  TW_RETURN_IF_ERROR(reader.status());
  const json::array& zones = reader.array("zones");
  for (std::size_t i = 0; i < zones.size(); ++i) {
    JsonReader zone(zones[i], zone_path(i));
    scenario.markets.push_back(read_market(zone));
    TW_RETURN_IF_ERROR(zone.status());
  }
  return scenario;
}

json::value to_json(const Scenario& scenario) {
  const Problem& problem = scenario.problem;
  json::array zones;
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    const Zone& zone = problem.zones[i];
    json::array prices;
    for (const PriceStretch& stretch : scenario.markets[i].spot_price) {
      prices.push_back(json::array{stretch.per_h, stretch.ticks});
    }
    zones.push_back(json::object{{"name", zone.name},
                                 {"provider", zone.provider},
                                 {"region", zone.region},
                                 {"zone", zone.zone},
                                 {"on_demand_per_h", zone.on_demand_per_h},
                                 {"spot_price", std::move(prices)},
                                 {"trace", scenario.markets[i].trace},
                                 {"start_tick", scenario.markets[i].start_tick}});
  }
  json::object egress;
  const std::size_t count = problem.regions.size();
  for (std::size_t from = 0; from < count && problem.checkpoint_gb > 0; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      if (from == to) continue;
      egress[problem.regions[from] + ">" + problem.regions[to]] =
          problem.move_usd[from * count + to] / problem.checkpoint_gb;
    }
  }
  return json::object{{"id", problem.id},
                      {"class", scenario.label},
                      {"tick_s", problem.tick_s},
                      {"deadline_ticks", problem.deadline_ticks},
                      {"work_s", problem.work_s},
                      {"cold_start_s", problem.cold_start_s},
                      {"checkpoint_gb", problem.checkpoint_gb},
                      {"transfer_gbps", scenario.transfer_gbps},
                      {"checkpoint_interval_s", problem.checkpoint_interval_s},
                      {"egress_usd_per_gb", std::move(egress)},
                      {"info", info_name(problem.info)},
                      {"nodes", problem.nodes},
                      {"penalty_factor", problem.penalty_factor},
                      {"zones", std::move(zones)}};
}

Result<World> world_of(const Scenario& scenario, const TraceSet& traces, std::int64_t shift_ticks) {
  const Problem& problem = scenario.problem;
  World world{problem, scenario.label, {}, {}};
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    TW_ASSIGN_OR_RETURN(const traces::Trace* trace, trace_of(scenario, i, traces));
    const std::int64_t shift =
        std::llround(static_cast<double>(shift_ticks) * problem.tick_s / trace->tick_s);
    Result<std::vector<std::uint8_t>> up =
        traces::availability(*trace, problem.nodes, scenario.markets[i].start_tick + shift,
                             problem.deadline_ticks, problem.tick_s);
    if (!up.ok()) {
      Error error = up.error();
      error.message = problem.id + ": " + error.message;
      return error;
    }
    world.up.push_back(std::move(*up));
    world.spot_per_h.push_back(
        prices_of(scenario.markets[i], static_cast<std::size_t>(problem.deadline_ticks)));
  }
  return world;
}

Result<Room> room_of(const Scenario& scenario, const TraceSet& traces) {
  const Problem& problem = scenario.problem;
  Room room{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    TW_ASSIGN_OR_RETURN(const traces::Trace* trace, trace_of(scenario, i, traces));
    const double ratio = problem.tick_s / trace->tick_s;
    const auto before = static_cast<double>(scenario.markets[i].start_tick);
    const double after = static_cast<double>(trace->ticks()) - before - ratio * problem.deadline_ticks;
    // One tick less where lengths differ: a shift is rounded to the trace's ticks.
    const double rounding = ratio == 1 ? 0 : 1;
    room.earliest = std::min(room.earliest,
                             static_cast<std::int64_t>(std::floor(std::max(0.0, before - rounding) / ratio)));
    room.latest =
        std::min(room.latest, static_cast<std::int64_t>(std::floor(std::max(0.0, after - rounding) / ratio)));
  }
  return room;
}

double cheapest_on_demand(const Problem& problem) {
  return std::ranges::min_element(problem.zones, {}, &Zone::on_demand_per_h)->on_demand_per_h;
}

double on_demand_usd(const Problem& problem) {
  return cheapest_on_demand(problem) * (problem.work_s + problem.cold_start_s) / 3600;
}

}  // namespace tradewind::backtest
