#include "core/traces/trace.h"

#include <algorithm>
#include <cmath>

namespace tradewind::traces {
namespace {

// Ticks of lengths whose ratio is whole must meet exactly, whatever the rounding of their product.
constexpr double slack_ticks = 1e-6;

std::string run_path(std::size_t index) {
  return "runs[" + std::to_string(index) + "]";
}

// [value, ticks] into the trace.
Status read_run(const json::value& element, std::size_t index, std::int64_t& total, Trace& trace) {
  const json::array* pair = element.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[1].is_number()) {
    return Error{Code::invalid_argument, run_path(index) + " is not [nodes, ticks]"};
  }
  if ((*pair)[0].is_null()) {
    return Error{Code::invalid_argument, run_path(index) + " is a gap: nothing was seen then",
                 "tradewind traces import --gaps down reads a gap as not available"};
  }
  json::error_code nodes_error;
  json::error_code ticks_error;
  const auto nodes = (*pair)[0].is_number() ? (*pair)[0].to_number<std::int64_t>(nodes_error) : -1;
  const auto ticks = (*pair)[1].to_number<std::int64_t>(ticks_error);
  if (nodes_error || nodes < 0) {
    return Error{Code::invalid_argument, run_path(index) + " has a value that is no number of nodes"};
  }
  if (ticks_error || ticks <= 0 || ticks > ticks_max - total) {
    return Error{Code::invalid_argument,
                 run_path(index) + " is not of 1 to " + std::to_string(ticks_max) + " ticks in all"};
  }
  if (nodes > trace.nodes) {
    return Error{Code::invalid_argument, run_path(index) + " says " + std::to_string(nodes) +
                                             " nodes, and the trace is of " + std::to_string(trace.nodes)};
  }
  append(trace.runs, static_cast<int>(nodes), ticks);
  total += ticks;
  return {};
}

}  // namespace

std::int64_t Trace::ticks() const {
  std::int64_t sum = 0;
  for (const Stretch& stretch : runs) sum += stretch.ticks;
  return sum;
}

void append(std::vector<Stretch>& runs, int nodes, std::int64_t ticks) {
  if (ticks <= 0) return;
  if (!runs.empty() && runs.back().nodes == nodes) {
    runs.back().ticks += ticks;
  } else {
    runs.push_back({nodes, ticks});
  }
}

Status check(const Trace& trace) {
  if (trace.id.empty()) return Error{Code::invalid_argument, "the trace has no id"};
  if (!(trace.tick_s > 0) || !std::isfinite(trace.tick_s)) {
    return Error{Code::invalid_argument, "gap_seconds is not a number of seconds above 0"};
  }
  if (trace.nodes < 1) return Error{Code::invalid_argument, "nodes is not 1 or more"};
  if (trace.runs.empty()) return Error{Code::invalid_argument, "runs is empty: the trace has no tick"};
  for (std::size_t i = 0; i < trace.runs.size(); ++i) {
    if (trace.runs[i].nodes < 0 || trace.runs[i].nodes > trace.nodes || trace.runs[i].ticks <= 0) {
      return Error{Code::invalid_argument, run_path(i) + " is out of range"};
    }
  }
  if (trace.ticks() > ticks_max)
    return Error{Code::invalid_argument, "the trace has more than " + std::to_string(ticks_max) + " ticks"};
  return {};
}

Result<Trace> trace_from_json(const json::value& document) {
  JsonReader reader(document, "");
  Trace trace;
  trace.id = reader.text("id");
  trace.kind = reader.text_or("kind", "availability");
  trace.provider = reader.text_or("provider", "");
  trace.zone = reader.text_or("zone", "");
  trace.instance = reader.text_or("instance", "");
  trace.started_on = reader.text_or("started_on", "");
  trace.source = reader.text_or("source_file", "");
  const std::int64_t nodes = reader.integer_or("nodes", 1);
  if (nodes < 1 || nodes > 1'000'000) reader.fail("nodes", "is not 1 to 1,000,000");
  trace.nodes = static_cast<int>(nodes);
  trace.tick_s = reader.number("gap_seconds");
  const json::array& runs = reader.array("runs");
  TW_RETURN_IF_ERROR(reader.status());
  std::int64_t total = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) TW_RETURN_IF_ERROR(read_run(runs[i], i, total, trace));
  TW_RETURN_IF_ERROR(check(trace));
  return trace;
}

json::value to_json(const Trace& trace) {
  json::array runs;
  for (const Stretch& stretch : trace.runs) runs.push_back(json::array{stretch.nodes, stretch.ticks});
  json::object object{{"id", trace.id},
                      {"kind", trace.kind},
                      {"nodes", trace.nodes},
                      {"provider", trace.provider},
                      {"zone", trace.zone},
                      {"instance", trace.instance},
                      {"gap_seconds", trace.tick_s}};
  if (!trace.started_on.empty()) object["started_on"] = trace.started_on;
  if (!trace.source.empty()) object["source_file"] = trace.source;
  object["runs"] = std::move(runs);
  return object;
}

namespace {

// Whether `nodes` could run at the trace's ticks from `first` to before `end`.
std::vector<std::uint8_t> covered(const Trace& trace, int nodes, std::int64_t first, std::int64_t end) {
  std::vector<std::uint8_t> up;
  up.reserve(static_cast<std::size_t>(end - first));
  std::int64_t at = 0;
  for (const Stretch& stretch : trace.runs) {
    const std::int64_t from = std::max(at, first);
    at += stretch.ticks;
    const std::int64_t to = std::min(at, end);
    if (to > from) up.insert(up.end(), static_cast<std::size_t>(to - from), stretch.nodes >= nodes ? 1 : 0);
    if (at >= end) break;
  }
  return up;
}

}  // namespace

Result<std::vector<std::uint8_t>> availability(const Trace& trace, int nodes, std::int64_t first,
                                               std::int64_t count, double tick_s) {
  const double ratio = tick_s / trace.tick_s;  // ticks of the trace in one of ours
  const double needed = static_cast<double>(first) + ratio * static_cast<double>(count);
  if (first < 0 || first >= trace.ticks() || needed > static_cast<double>(trace.ticks()) + slack_ticks) {
    return Error{Code::invalid_argument,
                 "trace " + trace.id + " has " + std::to_string(trace.ticks()) + " ticks of " +
                     std::to_string(std::llround(trace.tick_s)) + " s, and " +
                     std::to_string(static_cast<std::int64_t>(std::ceil(needed - slack_ticks))) +
                     " are needed",
                 "begin earlier (start_tick), or shorten the deadline"};
  }
  std::vector<std::uint8_t> source =
      covered(trace, nodes, first, static_cast<std::int64_t>(std::ceil(needed)));
  if (ratio == 1) {
    source.resize(static_cast<std::size_t>(count));
    return source;
  }
  std::vector<std::uint8_t> up(static_cast<std::size_t>(count));
  for (std::int64_t k = 0; k < count; ++k) {
    const double from = ratio * static_cast<double>(k);
    const auto begin = std::min(static_cast<std::size_t>(std::floor(from + slack_ticks)), source.size() - 1);
    const auto end = std::max(begin + 1, static_cast<std::size_t>(std::ceil(from + ratio - slack_ticks)));
    const auto covers = source.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto covers_end = source.begin() + static_cast<std::ptrdiff_t>(std::min(end, source.size()));
    up[static_cast<std::size_t>(k)] =
        std::all_of(covers, covers_end, [](std::uint8_t v) { return v != 0; }) ? 1 : 0;
  }
  return up;
}

}  // namespace tradewind::traces
