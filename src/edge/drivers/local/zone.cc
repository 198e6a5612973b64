#include "edge/drivers/local/zone.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/model/enum_text.h"

namespace tradewind::local {
namespace {

constexpr std::array<std::string_view, 2> clock_names = {"zone", "instance"};

// Clamped to some 30,000 years, which keeps sums of long runs within what milliseconds can count.
Duration span_of(const Trace& trace, double ticks) {
  return duration_of_seconds(std::min(seconds_of(trace.tick) * ticks / trace.speed, 1e12));
}

// Boundaries are computed from whole ticks, so that they do not drift as runs add up.
struct Cycle {
  double ticks = 0;
  bool ever_lost = false;
};

Cycle cycle_of(const Trace& trace) {
  Cycle cycle;
  for (const TraceRun& run : trace.runs) {
    cycle.ticks += run.ticks;
    cycle.ever_lost |= run.available == 0;
  }
  return cycle;
}

json::value to_json(const Trace& trace) {
  json::array runs;
  for (const TraceRun& run : trace.runs) runs.push_back(json::array{run.available, run.ticks});
  return json::object{{"clock", to_text(trace.clock)}, {"tick_s", tradewind::to_json(trace.tick)},
                      {"speed", trace.speed},          {"notice", trace.notice},
                      {"repeat", trace.repeat},        {"runs", std::move(runs)}};
}

std::optional<TraceRun> run_from_json(const json::value& value) {
  if (!value.is_array() || value.as_array().size() != 2) return std::nullopt;
  const json::array& pair = value.as_array();
  if (!pair[0].is_int64() || !pair[1].is_int64()) return std::nullopt;
  const std::int64_t available = pair[0].as_int64();
  const std::int64_t ticks = pair[1].as_int64();
  constexpr std::int64_t most = 1'000'000'000;
  if (available < 0 || available > most || ticks < 1 || ticks > most) return std::nullopt;
  return TraceRun{static_cast<int>(available), static_cast<int>(ticks)};
}

Result<Trace> trace_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Trace trace;
  const std::optional<TraceClock> clock = trace_clock_from_text(reader.text("clock"));
  if (!clock) reader.fail("clock", "is not zone or instance");
  trace.clock = clock.value_or(TraceClock::zone);
  trace.tick = reader.seconds("tick_s");
  trace.speed = reader.number("speed");
  if (trace.tick <= Duration(0)) reader.fail("tick_s", "is not above zero");
  if (!(trace.speed > 0)) reader.fail("speed", "is not above zero");
  trace.notice = reader.boolean("notice");
  trace.repeat = reader.boolean("repeat");
  for (const json::value& item : reader.array("runs")) {
    const std::optional<TraceRun> run = run_from_json(item);
    if (!run) reader.fail("runs", "is not a list of [available, ticks]");
    trace.runs.push_back(run.value_or(TraceRun{}));
  }
  if (trace.runs.empty()) reader.fail("runs", "is empty");
  TW_RETURN_IF_ERROR(reader.status());
  return trace;
}

}  // namespace

std::string_view to_text(TraceClock clock) {
  return enum_name(clock_names, clock);
}

std::optional<TraceClock> trace_clock_from_text(std::string_view text) {
  return enum_value<TraceClock>(clock_names, text);
}

bool available_at(const Trace& trace, Duration elapsed) {
  const std::optional<Duration> loss = next_loss(trace, elapsed);
  return !loss || *loss > elapsed;
}

std::optional<Duration> next_loss(const Trace& trace, Duration elapsed) {
  const Cycle cycle = cycle_of(trace);
  if (!cycle.ever_lost) return std::nullopt;
  double start_ticks = 0;  // of the cycle that is looked at, from the trace's beginning
  if (trace.repeat) {
    const double now_ticks = seconds_of(elapsed) * trace.speed / seconds_of(trace.tick);
    start_ticks = std::max(0.0, std::floor(now_ticks / cycle.ticks) - 1) * cycle.ticks;
  }
  constexpr int cycles_looked_at = 4;  // the one before, for rounding, up to two after
  for (int round = 0; round < (trace.repeat ? cycles_looked_at : 1); ++round) {
    for (std::size_t i = 0; i < trace.runs.size(); ++i) {
      const Duration start = span_of(trace, start_ticks);
      start_ticks += trace.runs[i].ticks;
      const bool holds_for_ever = !trace.repeat && i + 1 == trace.runs.size();
      const Duration loss = std::max(start, elapsed);
      const bool reaches = holds_for_ever || span_of(trace, start_ticks) > loss;
      if (trace.runs[i].available == 0 && reaches) return loss;
    }
  }
  return std::nullopt;
}

Location location_of(const Zone& zone) {
  return {"local", zone.name};
}

std::vector<Offer> offers_of(const Zone& zone, const std::string& day) {
  Offer offer;
  offer.location = location_of(zone);
  offer.instance_type = instance_type;
  offer.accelerator = zone.accelerator;
  offer.vcpus = zone.cpus;
  offer.memory_gib = zone.memory_gib;
  offer.price_per_hour = zone.on_demand_price_per_hour;
  offer.observed_on = day;
  offer.source = "this machine's zones";
  offer.cold_start = zone.cold_start;
  offer.nodes_max = 1;
  std::vector<Offer> offers;
  if (zone.sells_on_demand) offers.push_back(offer);
  if (zone.sells_spot) {
    offer.purchase = Purchase::spot;
    offer.price_per_hour = zone.price_per_hour;
    const bool announced = !zone.trace || zone.trace->notice;
    offer.notice_lead = announced ? zone.notice_lead : Duration(0);
    offers.push_back(offer);
  }
  return offers;
}

json::value to_json(const Zone& zone) {
  json::object object{{"name", zone.name},
                      {"sells_spot", zone.sells_spot},
                      {"sells_on_demand", zone.sells_on_demand},
                      {"price_per_hour", tradewind::to_json(zone.price_per_hour)},
                      {"on_demand_price_per_hour", tradewind::to_json(zone.on_demand_price_per_hour)},
                      {"egress_per_gb", tradewind::to_json(zone.egress_per_gb)},
                      {"cold_start_s", tradewind::to_json(zone.cold_start)},
                      {"capacity", zone.capacity},
                      {"cpus", zone.cpus},
                      {"memory_gib", zone.memory_gib},
                      {"notice_lead_s", tradewind::to_json(zone.notice_lead)},
                      {"store", zone.store}};
  if (zone.accelerator) {
    object["accelerator"] = json::object{{"model", zone.accelerator->model},
                                         {"count", zone.accelerator->count},
                                         {"memory_gib", zone.accelerator->memory_gib}};
  }
  if (zone.trace) object["trace"] = to_json(*zone.trace);
  if (zone.share) {
    object["share"] = json::object{{"cores", zone.share->cores},
                                   {"cores_total", zone.share->cores_total},
                                   {"gpus", zone.share->gpus},
                                   {"gpus_total", zone.share->gpus_total},
                                   {"claims", zone.share->claims}};
  }
  return object;
}

Result<Zone> zone_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Zone zone;
  zone.name = reader.text("name");
  zone.sells_spot = reader.boolean("sells_spot");
  zone.sells_on_demand = reader.boolean("sells_on_demand");
  zone.price_per_hour = reader.money("price_per_hour");
  zone.on_demand_price_per_hour = reader.money("on_demand_price_per_hour");
  zone.egress_per_gb = reader.money("egress_per_gb");
  zone.cold_start = reader.seconds("cold_start_s");
  zone.capacity = static_cast<int>(reader.integer("capacity"));
  zone.cpus = reader.number("cpus");
  zone.memory_gib = reader.number("memory_gib");
  zone.notice_lead = reader.seconds("notice_lead_s");
  zone.store = reader.text("store");
  if (const json::value* accelerator = reader.optional("accelerator")) {
    JsonReader inner(*accelerator, reader.path_of("accelerator"));
    zone.accelerator = Accelerator{inner.text("model"), inner.number("count"), inner.number("memory_gib")};
    reader.merge(inner.status());
  }
  if (const json::value* trace = reader.optional("trace")) {
    Result<Trace> read = trace_from_json(*trace, reader.path_of("trace"));
    if (!read) return read.error();
    zone.trace = std::move(read).value();
  }
  if (const json::value* share = reader.optional("share")) {
    JsonReader inner(*share, reader.path_of("share"));
    const auto number = [&inner](const char* key) { return static_cast<int>(inner.integer(key)); };
    zone.share = Share{number("cores"), number("cores_total"), number("gpus"), number("gpus_total"),
                       inner.text("claims")};
    reader.merge(inner.status());
  }
  TW_RETURN_IF_ERROR(reader.status());
  return zone;
}

}  // namespace tradewind::local
