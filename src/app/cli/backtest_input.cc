#include "app/cli/backtest_input.h"

#include <filesystem>
#include <map>

#include "edge/io/files.h"

namespace tradewind::cli {

namespace fs = std::filesystem;

namespace {

Error in_file(const std::string& file, Error error) {
  error.message = file + ": " + error.message;
  return error;
}

Result<json::value> read_document(const std::string& file, Context& context) {
  const Result<std::string> text = io::read_file(absolute_path(file, context));
  if (!text.ok()) return text.error();
  Result<json::value> document = parse_json(*text);
  if (!document.ok()) return in_file(file, document.error());
  return document;
}

// Reads each trace once, whichever scenario asks for it.
class TraceFolder {
 public:
  TraceFolder(fs::path folder, Context& context) : folder_(std::move(folder)), context_(context) {}

  Status add(const backtest::Scenario& scenario, backtest::TraceSet& set) {
    for (const backtest::Market& market : scenario.markets) {
      if (set.contains(market.trace)) continue;
      TW_RETURN_IF_ERROR(check_name(market.trace));
      TW_ASSIGN_OR_RETURN(traces::Trace trace,
                          read_trace((folder_ / (market.trace + ".json")).string(), context_));
      set.emplace(market.trace, std::move(trace));
    }
    return {};
  }

 private:
  // A scenario from elsewhere must not read what lies outside the folder.
  static Status check_name(const std::string& name) {
    if (!name.empty() && name.find('/') == std::string::npos && name != "." && name != "..") return {};
    return Error{Code::invalid_argument, "'" + name + "' is not the name of a trace"};
  }

  fs::path folder_;
  Context& context_;
};

fs::path folder_of(const std::string& scenario_file, const std::string& said, const Context& context) {
  if (!said.empty()) return absolute_path(said, context);
  const fs::path own = fs::path(absolute_path(scenario_file, context)).parent_path();
  std::error_code ignored;
  if (fs::is_directory(own / "traces", ignored)) return own / "traces";
  return own.parent_path() / "traces";
}

}  // namespace

std::string absolute_path(const std::string& file, const Context& context) {
  return fs::path(file).is_absolute() ? file : (fs::path(context.working_folder) / file).string();
}

Result<traces::Trace> read_trace(const std::string& file, Context& context) {
  TW_ASSIGN_OR_RETURN(const json::value document, read_document(file, context));
  Result<traces::Trace> trace = traces::trace_from_json(document);
  if (!trace.ok()) return in_file(file, trace.error());
  return trace;
}

Status read_scenarios(const std::vector<std::string>& files, const std::string& traces, Context& context,
                      BacktestInput& input) {
  std::map<fs::path, backtest::TraceSet*> folders;
  for (const std::string& file : files) {
    TW_ASSIGN_OR_RETURN(const json::value document, read_document(file, context));
    const Result<backtest::Scenario> scenario = backtest::scenario_from_json(document);
    if (!scenario.ok()) return in_file(file, scenario.error());
    const fs::path folder = folder_of(file, traces, context);
    backtest::TraceSet*& set = folders[folder];
    if (set == nullptr) set = &input.sets.emplace_back();
    const Status added = TraceFolder(folder, context).add(*scenario, *set);
    if (!added.ok()) {
      Error error = in_file(file, added.error());
      if (error.code == Code::not_found) error.hint = "--traces DIR says where the traces lie";
      return error;
    }
    input.scenarios.push_back(*scenario);
    input.traces.push_back(set);
  }
  return {};
}

}  // namespace tradewind::cli
