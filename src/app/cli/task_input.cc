#include "app/cli/task_input.h"

#include <istream>
#include <iterator>

#include "core/task/task_file.h"
#include "edge/io/files.h"

namespace tradewind::cli {
namespace {

constexpr std::size_t task_bytes_max = std::size_t{1} << 20;

// "K=V" as it is, "K" with its value here.
Result<std::map<std::string, std::string>> read_envs(const std::vector<std::string>& given,
                                                     const Context& context) {
  std::map<std::string, std::string> envs;
  for (const std::string& each : given) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || each.empty()) {
      return Error{Code::invalid_argument, "--env '" + each + "' names no variable",
                   "write --env NAME=VALUE"};
    }
    if (equals != std::string::npos) {
      envs[each.substr(0, equals)] = each.substr(equals + 1);
      continue;
    }
    const std::optional<std::string> value = context.variable(each);
    if (!value) {
      return Error{Code::invalid_argument, "--env " + each + ": there is no such variable here",
                   "write --env " + each + "=VALUE"};
    }
    envs[each] = *value;
  }
  return envs;
}

Result<std::string> read_text(const std::string& file, Context& context) {
  if (file != "-")
    return io::read_file(file.front() == '/' ? file : context.working_folder + "/" + file, task_bytes_max);
  std::string text;
  char piece[4096];
  while (context.in.read(piece, sizeof(piece)) || context.in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(context.in.gcount()));
    if (text.size() > task_bytes_max)
      return Error{Code::invalid_argument, "the task file on stdin is longer than 1 MiB"};
  }
  return text;
}

std::string folder_of(const std::string& file, const Context& context) {
  if (file == "-") return context.working_folder;
  const std::string path = file.front() == '/' ? file : context.working_folder + "/" + file;
  const std::string folder = path.substr(0, path.rfind('/'));
  return folder.empty() ? "/" : folder;
}

}  // namespace

Result<JobSpec> read_task(const std::string& file, const TaskChanges& changes, bool run_required,
                          Context& context) {
  if (file.empty()) return Error{Code::invalid_argument, "the task file's name is empty"};
  TW_ASSIGN_OR_RETURN(const std::string text, read_text(file, context));
  task::TaskOptions options;
  options.base_dir = folder_of(file, context);
  options.home_dir = context.variable("HOME").value_or("");
  options.run_required = run_required;
  TW_ASSIGN_OR_RETURN(options.envs, read_envs(changes.envs, context));
  const std::string name = file == "-" ? "stdin" : file;
  task::TaskOutcome outcome = task::parse_task(text, name, options);
  if (!outcome.ok()) {
    Error error = task::as_error(outcome.errors, name);
    // For people each error stands under its line, ready to print.
    if (!context.json) error = {error.code, task::render(outcome.errors, name, text), ""};
    return error;
  }
  for (const std::string& warning : outcome.task.warnings) print_warning(context, warning);
  if (!changes.name.empty()) outcome.task.spec.name = changes.name;
  return std::move(outcome.task.spec);
}

Result<JobSpec> task_of_command(const std::vector<std::string>& command, const TaskChanges& changes,
                                Context& context) {
  JobSpec spec;
  spec.run = shell_line(command);
  spec.workdir = context.working_folder;
  TW_ASSIGN_OR_RETURN(spec.envs, read_envs(changes.envs, context));
  const std::string& program = command.front();
  spec.name = changes.name.empty() ? program.substr(program.rfind('/') + 1) : changes.name;
  return spec;
}

Status restrict_to(const std::vector<std::string>& infra, JobSpec& spec) {
  if (infra.empty()) return {};
  std::vector<Location> places;
  for (const std::string& place : infra) {
    TW_ASSIGN_OR_RETURN(const Location location, parse_location(place));
    places.push_back(location);
  }
  spec.resources.infra = places;
  for (ResourceRequest& alternative : spec.resources.any_of) alternative.infra = places;
  for (ResourceRequest& alternative : spec.resources.ordered) alternative.infra = places;
  return {};
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./=:,+@%") == std::string::npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace tradewind::cli
