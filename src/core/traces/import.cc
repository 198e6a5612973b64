#include "core/traces/import.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace tradewind::traces {
namespace {

Error wrong(std::string sentence, std::string cure = {}) {
  return Error{Code::invalid_argument, std::move(sentence), std::move(cure)};
}

// What was read of one tick.
struct Entry {
  std::string where;             // "line 3", "data[2]"
  std::optional<double> time_s;  // of the tick's beginning
  std::optional<double> value;   // nothing: a gap
};

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> time_of(std::string_view text) {
  if (const std::optional<double> seconds = number_of(text)) return seconds;
  const Result<Time> time = parse_utc(text);
  if (!time.ok()) return std::nullopt;
  return seconds_of(time->time_since_epoch());
}

Result<std::vector<Entry>> entries_of_json(const json::array& list, std::string_view name) {
  std::vector<Entry> entries;
  entries.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    Entry entry{std::string(name) + "[" + std::to_string(i) + "]", std::nullopt, std::nullopt};
    if (list[i].is_number()) {
      entry.value = list[i].to_number<double>();
    } else if (list[i].is_bool()) {
      entry.value = list[i].get_bool() ? 1 : 0;
    } else if (!list[i].is_null()) {
      return wrong(entry.where + " is not a number");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<Entry>> entries_of_csv(std::string_view text) {
  std::vector<Entry> entries;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(
        std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    if (line.empty() || line.starts_with("#")) continue;
    const std::vector<std::string> fields = split(line, ',');
    Entry entry{"line " + std::to_string(number), std::nullopt, std::nullopt};
    if (fields.size() > 2) return wrong(entry.where + " has more than time and value");
    const std::string_view value = trim(fields.back());
    if (!value.empty()) entry.value = number_of(value);
    if (!value.empty() && !entry.value) {
      if (entries.empty()) continue;  // names of columns
      return wrong(entry.where + ": '" + std::string(value) + "' is not a number");
    }
    if (fields.size() == 2) {
      entry.time_s = time_of(trim(fields.front()));
      if (!entry.time_s)
        return wrong(entry.where + ": '" + fields.front() + "' is not a time",
                     "seconds, or 2026-03-01T00:00:00Z");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// The tick length that the times have in common: their least step.
std::optional<double> step_of(const std::vector<Entry>& entries) {
  std::optional<double> least;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (!entries[i].time_s || !entries[i - 1].time_s) continue;
    const double step = *entries[i].time_s - *entries[i - 1].time_s;
    if (step > 0) least = std::min(least.value_or(step), step);
  }
  return least;
}

Result<int> nodes_of(const Entry& entry, const ImportOptions& options) {
  const double value = *entry.value;
  if (value < 0 || value > options.nodes || value != std::floor(value)) {
    return wrong(entry.where + ": a value is not a whole number from 0 to " + std::to_string(options.nodes),
                 "--nodes says of how many nodes the trace is");
  }
  const int nodes = static_cast<int>(value);
  return *options.polarity == Polarity::available ? nodes : options.nodes - nodes;
}

// Ticks that lie between an entry and the one before it, and have none of their own.
Result<std::int64_t> missing_before(const Entry& entry, const Entry& before, double tick_s) {
  if (entry.time_s.has_value() != before.time_s.has_value())
    return wrong(entry.where + " has a time, or none, unlike the one before");
  if (!entry.time_s) return 0;
  const double steps = (*entry.time_s - *before.time_s) / tick_s;
  if (!(steps > 1e-6))
    return wrong(entry.where + ": time does not go on, but back or on the spot",
                 "sort the lines, and take doubles out");
  if (std::fabs(steps - std::round(steps)) > 1e-3 || steps < 0.5 || steps > 1e8) {
    return wrong(entry.where + ": its time is not a whole number of ticks of " + std::to_string(tick_s) +
                     " s after the one before",
                 "--tick says how long a tick is");
  }
  return static_cast<std::int64_t>(std::llround(steps)) - 1;
}

Status fill(Trace& trace, std::int64_t ticks, const Entry& entry, Gaps gaps) {
  if (ticks == 0) return {};
  if (gaps == Gaps::refuse) {
    return wrong(entry.where + ": a gap: nothing was seen for " + std::to_string(ticks) + " ticks",
                 "--gaps down reads gaps as not available");
  }
  append(trace.runs, 0, ticks);
  return {};
}

Result<Trace> trace_of(const std::vector<Entry>& entries, std::optional<double> said_tick_s,
                       const ImportOptions& options) {
  if (!options.polarity) {
    return wrong("it is not said what a larger number means, and public traces differ",
                 "--polarity available: 1 could be had; --polarity unavailable: 1 could not");
  }
  if (entries.empty()) return wrong("there is no value in it");
  const std::optional<double> tick_s = options.tick_s ? options.tick_s
                                       : said_tick_s  ? said_tick_s
                                                      : step_of(entries);
  if (!tick_s || !(*tick_s > 0)) return wrong("it is not said how long a tick is", "--tick 300");
  Trace trace;
  trace.id = options.id;
  trace.kind = "availability";
  trace.provider = options.provider;
  trace.zone = options.zone;
  trace.instance = options.instance;
  trace.nodes = options.nodes;
  trace.tick_s = *tick_s;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) {
      TW_ASSIGN_OR_RETURN(const std::int64_t missing, missing_before(entries[i], entries[i - 1], *tick_s));
      TW_RETURN_IF_ERROR(fill(trace, missing, entries[i], options.gaps));
    }
    if (!entries[i].value) {
      TW_RETURN_IF_ERROR(fill(trace, 1, entries[i], options.gaps));
      continue;
    }
    TW_ASSIGN_OR_RETURN(const int nodes, nodes_of(entries[i], options));
    append(trace.runs, nodes, 1);
  }
  TW_RETURN_IF_ERROR(check(trace));
  return trace;
}

Result<Trace> from_document(const json::value& document, const ImportOptions& options) {
  if (options.polarity == Polarity::unavailable) {
    return wrong("a trace document always says how many nodes could run", "leave --polarity out");
  }
  TW_ASSIGN_OR_RETURN(Trace trace, trace_from_json(document));
  if (!options.id.empty()) trace.id = options.id;
  return trace;
}

Result<Trace> from_json(const json::value& document, const ImportOptions& options) {
  if (document.is_array()) {
    TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of_json(document.get_array(), "element"));
    return trace_of(entries, std::nullopt, options);
  }
  JsonReader reader(document, "");
  if (reader.has("runs")) return from_document(document, options);
  const json::array& data = reader.array("data");
  std::optional<double> tick_s;
  if (const json::value* metadata = reader.optional("metadata")) {
    JsonReader about(*metadata, "metadata");
    if (about.has("gap_seconds")) tick_s = about.number("gap_seconds");
    reader.merge(about.status());
  }
  TW_RETURN_IF_ERROR(reader.status());
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of_json(data, "data"));
  return trace_of(entries, tick_s, options);
}

}  // namespace

Result<Trace> import_trace(std::string_view text, const ImportOptions& options) {
  if (options.nodes < 1) return wrong("a trace is of 1 node or more");
  const std::string_view begin = trim(text);
  if (begin.starts_with("[") || begin.starts_with("{")) {
    TW_ASSIGN_OR_RETURN(const json::value document, parse_json(text));
    return from_json(document, options);
  }
  TW_ASSIGN_OR_RETURN(const std::vector<Entry> entries, entries_of_csv(text));
  return trace_of(entries, std::nullopt, options);
}

std::string export_csv(const Trace& trace) {
  std::string text = "time_s,nodes\n";
  std::int64_t tick = 0;
  const auto number = [](double value) {
    char buffer[32];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  };
  for (const Stretch& stretch : trace.runs) {
    for (std::int64_t i = 0; i < stretch.ticks; ++i, ++tick) {
      text += number(static_cast<double>(tick) * trace.tick_s) + "," + std::to_string(stretch.nodes) + "\n";
    }
  }
  return text;
}

}  // namespace tradewind::traces
