// tradewind traces: what was seen of spot capacity, as files of the user's own.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <ostream>

#include "app/cli/backtest_input.h"
#include "app/cli/connect.h"
#include "app/cli/table.h"
#include "app/cli/verbs.h"
#include "base/random.h"
#include "base/text.h"
#include "core/traces/import.h"
#include "core/traces/stats.h"
#include "core/traces/synthesise.h"
#include "edge/io/files.h"

namespace tradewind::cli {

namespace fs = std::filesystem;
using traces::Trace;
using traces::TraceStats;

namespace {

constexpr double hour_s = 3600;

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

std::string hours(const std::optional<double>& seconds) {
  return seconds ? fixed(*seconds / hour_s, 2) : "-";
}

// "15m", "3h".
std::string short_hours(double seconds) {
  return seconds < hour_s ? fixed(seconds / 60, 0) + "m" : fixed(seconds / hour_s, 0) + "h";
}

json::value number_or_null(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

fs::path folder_of(const TracesOptions& options, const Context& context) {
  if (!options.folder.empty()) return absolute_path(options.folder, context);
  return context.folders.data / "traces";
}

// A file's path, or the name of a trace in the folder.
Result<Trace> find_trace(const std::string& word, const TracesOptions& options, Context& context) {
  std::error_code ignored;
  if (fs::is_regular_file(absolute_path(word, context), ignored)) return read_trace(word, context);
  const fs::path within = folder_of(options, context) / (word + ".json");
  if (word.find('/') == std::string::npos && fs::is_regular_file(within, ignored))
    return read_trace(within.string(), context);
  return Error{Code::not_found, "there is no trace '" + word + "' in " + folder_of(options, context).string(),
               "tradewind traces ls lists them; --traces DIR says where else they lie"};
}

// What the control plane saw of spot capacity for this user's jobs.
Result<std::vector<Trace>> own_traces(const TracesOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  const std::string target = "/v1/traces?tick_s=" + fixed(std::max(1.0, options.tick_s.value_or(300)), 0);
  TW_ASSIGN_OR_RETURN(const json::value document, client.get(target));
  JsonReader reader(document, "answer");
  std::vector<Trace> found;
  for (const json::value& each : reader.array("traces")) {
    TW_ASSIGN_OR_RETURN(Trace trace, traces::trace_from_json(each));
    found.push_back(std::move(trace));
  }
  TW_RETURN_IF_ERROR(reader.status());
  return found;
}

Result<std::vector<Trace>> find_traces(const TracesOptions& options, Context& context) {
  if (options.mine) return own_traces(options, context);
  std::vector<Trace> found;
  if (!options.words.empty()) {
    for (const std::string& word : options.words) {
      TW_ASSIGN_OR_RETURN(Trace trace, find_trace(word, options, context));
      found.push_back(std::move(trace));
    }
    return found;
  }
  std::vector<std::string> files;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(options, context), missing)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  for (const std::string& file : files) {
    TW_ASSIGN_OR_RETURN(Trace trace, read_trace(file, context));
    found.push_back(std::move(trace));
  }
  return found;
}

int nodes_of(const TracesOptions& options, const Trace& trace) {
  return options.nodes == 0 ? trace.nodes : options.nodes;
}

json::object heading_json(const Trace& trace) {
  return json::object{{"id", trace.id},         {"kind", trace.kind},         {"provider", trace.provider},
                      {"zone", trace.zone},     {"instance", trace.instance}, {"nodes", trace.nodes},
                      {"tick_s", trace.tick_s}, {"ticks", trace.ticks()}};
}

json::object stats_json(const Trace& trace, const TraceStats& stats) {
  json::array by_age;
  for (const traces::AgeBand& band : stats.by_age) {
    by_age.push_back(
        json::object{{"from_s", band.from_s},
                     {"to_s", std::isfinite(band.to_s) ? json::value(band.to_s) : json::value(nullptr)},
                     {"observed_s", band.observed_s},
                     {"losses", band.losses},
                     {"hazard_per_h", number_or_null(band.hazard_per_h())}});
  }
  json::object object = heading_json(trace);
  object["share_up"] = stats.share_up;
  object["losses"] = stats.losses;
  object["recoveries"] = stats.recoveries;
  object["mean_up_s"] = number_or_null(stats.mean_up_s);
  object["mean_down_s"] = number_or_null(stats.mean_down_s);
  object["up_shape"] = number_or_null(stats.up_shape);
  object["down_shape"] = number_or_null(stats.down_shape);
  object["longest_up_s"] = stats.longest_up_s;
  object["longest_down_s"] = stats.longest_down_s;
  object["by_age"] = std::move(by_age);
  return object;
}

Result<ExitCode> list(const TracesOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Trace> all, find_traces(options, context));
  if (context.json) {
    json::array array;
    for (const Trace& trace : all) array.push_back(heading_json(trace));
    print_json(context,
               json::object{{"folder", folder_of(options, context).string()}, {"traces", std::move(array)}});
    return ExitCode::done;
  }
  if (all.empty()) {
    context.err << "no traces in " << folder_of(options, context).string()
                << "; tradewind traces synthesise makes some\n";
    return ExitCode::done;
  }
  Table table;
  table.columns = {{"TRACE"},
                   {"KIND"},
                   {"ZONE"},
                   {"NODES", Align::right},
                   {"TICK", Align::right},
                   {"HOURS", Align::right},
                   {"UP", Align::right}};
  for (const Trace& trace : all) {
    const TraceStats stats = stats_of(trace, nodes_of(options, trace));
    table.rows.push_back({trace.id, trace.kind, trace.zone, std::to_string(trace.nodes),
                          fixed(trace.tick_s, 0) + " s", fixed(stats.observed_s / hour_s, 0),
                          fixed(100 * stats.share_up, 0) + " %"});
  }
  context.out << render(table, context.terminal.width, context.terminal.colour);
  return ExitCode::done;
}

// A day a line, a sign for each quarter of an hour: how much of it the zone was up.
std::string strip(const Trace& trace, int nodes) {
  constexpr std::int64_t signs_a_day = 96;
  constexpr double sign_s = 900;
  const auto seconds = static_cast<double>(trace.ticks()) * trace.tick_s;
  std::vector<double> up(static_cast<std::size_t>(std::ceil(seconds / sign_s)), 0);
  double at = 0;
  for (const traces::Stretch& stretch : trace.runs) {
    const double end = at + static_cast<double>(stretch.ticks) * trace.tick_s;
    for (double from = at; stretch.nodes >= nodes && from < end;) {
      const auto index = std::min(static_cast<std::size_t>(from / sign_s), up.size() - 1);
      const double to = std::min(end, static_cast<double>(index + 1) * sign_s);
      up[index] += std::max(to - from, 0.0) / sign_s;
      from = std::max(to, from + 1e-6);
    }
    at = end;
  }
  std::string text;
  for (std::size_t i = 0; i < up.size(); ++i) {
    if (i % signs_a_day == 0) {
      const std::string day = std::to_string(i / signs_a_day + 1);
      text += (i == 0 ? "" : "\n") + std::string(day.size() < 4 ? 4 - day.size() : 0, ' ') + day + "  ";
    }
    text += up[i] > 0.99 ? "█" : up[i] > 0.5 ? "▓" : up[i] > 0.01 ? "░" : "·";
  }
  return text + "\n";
}

Result<ExitCode> show(const TracesOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Trace> found, find_traces(options, context));
  for (const Trace& trace : found) {
    if (context.json) {
      print_json(context, traces::to_json(trace));
      continue;
    }
    const TraceStats stats = stats_of(trace, nodes_of(options, trace));
    context.out << paint(Style::bold, trace.id, context.terminal.colour) << "  up "
                << fixed(100 * stats.share_up, 1) << " %, " << stats.losses
                << " losses; a day a line, a quarter of an hour a sign\n"
                << strip(trace, nodes_of(options, trace));
  }
  return ExitCode::done;
}

Table spell_table(const std::vector<Trace>& found, const TracesOptions& options) {
  Table table;
  table.columns = {{"TRACE"},
                   {"UP", Align::right},
                   {"LOSSES", Align::right},
                   {"MEAN UP h", Align::right},
                   {"MEAN DOWN h", Align::right},
                   {"UP SHAPE", Align::right},
                   {"DOWN SHAPE", Align::right}};
  bool first = true;
  for (const Trace& trace : found) {
    const TraceStats stats = stats_of(trace, nodes_of(options, trace));
    std::vector<Cell> row = {trace.id,
                             fixed(100 * stats.share_up, 1) + " %",
                             std::to_string(stats.losses),
                             hours(stats.mean_up_s),
                             hours(stats.mean_down_s),
                             stats.up_shape ? fixed(*stats.up_shape, 2) : "-",
                             stats.down_shape ? fixed(*stats.down_shape, 2) : "-"};
    for (const traces::AgeBand& band : stats.by_age) {
      if (first) {
        const std::string to =
            std::isfinite(band.to_s) ? "<" + short_hours(band.to_s) : "≥" + short_hours(band.from_s);
        table.columns.push_back({to, Align::right});
      }
      row.emplace_back(band.hazard_per_h() ? fixed(*band.hazard_per_h(), 3) : "-");
    }
    first = false;
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table correlation_table(const std::vector<Trace>& found, const TracesOptions& options) {
  Table table;
  table.columns = {{"CORRELATION"}};
  for (std::size_t i = 0; i < found.size(); ++i)
    table.columns.push_back({std::to_string(i + 1), Align::right});
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::vector<Cell> row = {std::to_string(i + 1) + "  " + found[i].id};
    for (std::size_t j = 0; j < found.size(); ++j) {
      const std::optional<double> r = correlation(found[i], found[j], nodes_of(options, found[i]));
      row.emplace_back(i == j ? "" : r ? fixed(*r, 2) : "-");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Result<ExitCode> stats(const TracesOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Trace> found, find_traces(options, context));
  if (context.json) {
    json::array array;
    json::array correlations;
    for (std::size_t i = 0; i < found.size(); ++i) {
      array.push_back(stats_json(found[i], stats_of(found[i], nodes_of(options, found[i]))));
      for (std::size_t j = 0; j < i; ++j) {
        correlations.push_back(json::object{
            {"a", found[j].id},
            {"b", found[i].id},
            {"r", number_or_null(correlation(found[i], found[j], nodes_of(options, found[i])))}});
      }
    }
    print_json(context,
               json::object{{"traces", std::move(array)}, {"correlations", std::move(correlations)}});
    return ExitCode::done;
  }
  context.out << "losses an hour by age in the last columns\n"
              << render(spell_table(found, options), context.terminal.width, context.terminal.colour);
  if (found.size() > 1) {
    context.out << "\n"
                << render(correlation_table(found, options), context.terminal.width, context.terminal.colour);
  }
  return ExitCode::done;
}

Status save(const Trace& trace, const fs::path& file) {
  TW_RETURN_IF_ERROR(io::make_folders(file.parent_path()));
  return io::write_file_atomic(file, to_text(traces::to_json(trace)) + "\n");
}

std::optional<traces::Polarity> polarity_of(const std::string& word) {
  if (word.empty()) return std::nullopt;
  return word == "available" ? traces::Polarity::available : traces::Polarity::unavailable;
}

Result<ExitCode> import(const TracesOptions& options, Context& context) {
  for (const std::string& file : options.words) {
    TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(absolute_path(file, context)));
    traces::ImportOptions how;
    how.id = options.id.empty() ? fs::path(file).stem().string() : options.id;
    how.provider = options.provider;
    how.zone = options.zone;
    how.instance = options.instance;
    how.polarity = polarity_of(options.polarity);
    how.tick_s = options.tick_s;
    how.nodes = options.nodes == 0 ? 1 : options.nodes;
    how.gaps = options.gaps == "down" ? traces::Gaps::down : traces::Gaps::refuse;
    Result<Trace> trace = traces::import_trace(text, how);
    if (!trace.ok()) {
      Error error = trace.error();
      error.message = file + ": " + error.message;
      return error;
    }
    const fs::path target = folder_of(options, context) / (trace->id + ".json");
    TW_RETURN_IF_ERROR(save(*trace, target));
    if (context.json) {
      print_json(context,
                 json::object{{"trace", trace->id}, {"file", target.string()}, {"ticks", trace->ticks()}});
    } else {
      context.out << trace->id << ": " << trace->ticks() << " ticks, up "
                  << fixed(100 * stats_of(*trace, trace->nodes).share_up, 1) << " %, in " << target.string()
                  << "\n";
    }
  }
  return ExitCode::done;
}

// Into the folder, so that the other verbs and simulate find them.
Result<ExitCode> export_own(const TracesOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const std::vector<Trace> found, own_traces(options, context));
  json::array files;
  for (const Trace& trace : found) {
    const fs::path file = folder_of(options, context) / (trace.id + ".json");
    TW_RETURN_IF_ERROR(save(trace, file));
    if (!context.json) context.out << file.string() << "\n";
    files.emplace_back(file.string());
  }
  if (context.json) print_json(context, json::object{{"files", std::move(files)}});
  if (found.empty()) context.err << "no spot capacity was asked for yet\n";
  return ExitCode::done;
}

Result<ExitCode> export_traces(const TracesOptions& options, Context& context) {
  if (options.mine) return export_own(options, context);
  if (options.words.empty()) {
    return Error{Code::invalid_argument, "which traces? None is named",
                 "tradewind traces export NAME, or --mine for those of your own jobs"};
  }
  TW_ASSIGN_OR_RETURN(const std::vector<Trace> found, find_traces(options, context));
  for (const Trace& trace : found) {
    context.out << (context.json ? to_text(traces::to_json(trace)) + "\n" : traces::export_csv(trace));
  }
  return ExitCode::done;
}

Result<ExitCode> synthesise(const TracesOptions& options, Context& context) {
  Random random(options.seed);
  traces::SyntheticLaw law;
  law.nodes = options.nodes == 0 ? 1 : options.nodes;
  const double tick_s = options.tick_s.value_or(300);
  const double ticks = std::ceil(options.days * 24 * hour_s / tick_s);
  if (!(ticks >= 1 && ticks <= 10'000'000))
    return Error{Code::invalid_argument, "that would be " + fixed(ticks, 0) + " ticks a trace"};
  json::array files;
  for (const Trace& trace :
       traces::synthesise(traces::synthetic_zones(), law, static_cast<std::int64_t>(ticks), tick_s, random)) {
    const fs::path file = folder_of(options, context) / (trace.id + ".json");
    TW_RETURN_IF_ERROR(save(trace, file));
    if (!context.json) context.out << file.string() << "\n";
    files.emplace_back(file.string());
  }
  if (context.json) print_json(context, json::object{{"files", std::move(files)}});
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_traces(const TracesOptions& options, Context& context) {
  switch (options.action) {
    case TracesAction::list:
      return list(options, context);
    case TracesAction::show:
      return show(options, context);
    case TracesAction::stats:
      return stats(options, context);
    case TracesAction::import:
      return import(options, context);
    case TracesAction::export_csv:
      return export_traces(options, context);
    case TracesAction::synthesise:
      return synthesise(options, context);
  }
  return ExitCode::failed;
}

}  // namespace tradewind::cli
