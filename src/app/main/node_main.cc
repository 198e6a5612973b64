#include "app/main/node_main.h"

#include <algorithm>
#include <pwd.h>
#include <unistd.h>

#include "app/main/server_main.h"
#include "base/text.h"
#include "edge/drivers/lending/lending_watch.h"
#include "edge/drivers/local/lent_instances.h"
#include "edge/drivers/registry.h"
#include "edge/drivers/ssh/hosts_edit.h"
#include "edge/io/files.h"
#include "edge/io/host.h"

namespace tradewind::app {
namespace {

using cli::NodeAction;
using cli::NodeOptions;
using cli::NodeReport;
using std::filesystem::path;

constexpr Duration seen_lately = std::chrono::hours(24);
constexpr const char* rules_head =
    "# How this machine is lent to jobs of others: docs/suppliers/ssh.md. Changes count at once.\n";

std::string home_in(const cli::Context& context) {
  return context.variable("HOME").value_or("/");
}

// --- the machine that is lent ---

std::string own_host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

std::string own_user() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

// "Desk-4.lab.example" → "desk-4"
std::string name_of_host(std::string host) {
  host = host.substr(0, host.find('.'));
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain) c = '-';
  }
  return host.empty() ? "host" : host.substr(0, 64);
}

Status change_rules(lending::Rules& rules, const NodeOptions& options) {
  if (!options.hours.empty()) rules.hours.clear();
  for (const std::string& text : options.hours) {
    if (text == "always") continue;
    TW_ASSIGN_OR_RETURN(rules.hours.emplace_back(), lending::parse_window(text));
  }
  if (options.gpus) rules.gpus = options.gpus;
  if (options.cores) rules.cores = options.cores;
  if (options.memory_gib) rules.memory_gib = options.memory_gib;
  if (options.share) rules.yields_when_active = !*options.share;
  if (!options.yield.empty()) {
    TW_ASSIGN_OR_RETURN(rules.yield, parse_duration(options.yield));
  }
  if (!options.away_after.empty()) {
    TW_ASSIGN_OR_RETURN(rules.away_after, parse_duration(options.away_after));
  }
  return {};
}

Result<lending::Rules> rules_there(const lending::Places& places) {
  Result<lending::Rules> rules = lending::read_rules_file(places.rules);
  if (!rules.ok() && rules.error().code == Code::not_found) return lending::Rules();
  return rules;
}

// Proved before it is written: what the file would not let pass is refused here, too.
Status write_rules(const lending::Places& places, const lending::Rules& rules) {
  const std::string yaml = rules_head + lending::to_yaml(rules);
  const lending::RulesOutcome proof = lending::parse_rules(yaml);
  if (!proof.errors.empty()) {
    return Error{Code::invalid_argument, proof.errors.front().message, proof.errors.front().hint};
  }
  const Result<std::string> before = io::read_file(places.rules);
  if (before.ok() && lending::parse_rules(*before).rules == rules) return {};  // with its comments
  TW_RETURN_IF_ERROR(io::make_folders(places.rules.parent_path(), 0700));
  return io::write_file_atomic(places.rules, yaml);
}

// A program of the control plane's machine, in the shell of the user there.
Result<std::string> run_there(const cli::Context& context, const std::string& control,
                              const std::vector<std::string>& words) {
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<io::Host> host,
                      drivers::host_over_ssh(driver_config(context, ""), control));
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, host->run({words}));
  if (output.status.success()) return std::string(trim(output.out));
  constexpr int exit_not_found = 127;
  const bool missing = !output.status.signaled && output.status.code == exit_not_found;
  return Error{missing ? Code::not_found : Code::invalid_argument,
               control + ": " +
                   (missing ? "there is no program tradewind in the PATH of its shells"
                            : std::string(trim(output.err.empty() ? output.out : output.err)))};
}

std::string line_of(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) {
    const bool plain = word.find_first_of(" \t\"'$\\&|;<>()*?[]{}!`#~") == std::string::npos && !word.empty();
    quoted.push_back(plain ? word : io::shell_quoted(word));
  }
  return join(quoted, " ");
}

// After the rules are set: the error of what is then left to do says so.
Error after_rules(Error error, const path& rules, const std::string& todo) {
  error.message += " (the rules are in " + rules.string() + ")";
  error.hint = "run there: " + todo + (error.hint.empty() ? "" : "; " + error.hint);
  return error;
}

std::vector<std::string> rules_lines(const lending::Rules& rules) {
  const std::string limits = lending::limits_text(rules);
  return {"hours   " + lending::hours_text(rules), "limits  " + (limits.empty() ? "none" : limits),
          "yield   jobs get " + format_duration(rules.yield) + " to save and leave",
          rules.yields_when_active ? "you     jobs leave when you work here; you are away after " +
                                         format_duration(rules.away_after) + " without input"
                                   : "you     jobs go on while you work here"};
}

Result<NodeReport> join_pool(const NodeOptions& options, const cli::Context& context) {
  const lending::Places places = lending::places_in(context.folders.config);
  TW_ASSIGN_OR_RETURN(lending::Rules rules, rules_there(places));
  TW_RETURN_IF_ERROR(change_rules(rules, options));
  const std::string host = options.host.empty() ? own_host_name() : options.host;
  if (!options.name.empty()) {
    rules.name = options.name;
  } else if (rules.name.empty()) {
    rules.name = name_of_host(host);
  }
  if (!options.control.empty()) rules.control = options.control;
  TW_RETURN_IF_ERROR(write_rules(places, rules));
  const Result<std::optional<lending::Pause>> pause = lending::read_pause(places, context.clock.now());
  if (pause.ok() && *pause && (*pause)->left) TW_RETURN_IF_ERROR(lending::end_pause(places));
  const std::string user = options.user.empty() ? own_user() : options.user;
  std::vector<std::string> words = {"tradewind", "node", "add", rules.name, "--host", host, "--user", user};
  if (options.port > 0) words.insert(words.end(), {"--port", std::to_string(options.port)});
  NodeReport report;
  report.lines = {"the rules of this machine are in " + places.rules.string()};
  for (const std::string& line : rules_lines(rules)) report.lines.push_back("  " + line);
  report.document = json::object{{"rules_file", places.rules.string()},
                                 {"rules", lending::to_json(rules)},
                                 {"name", rules.name},
                                 {"control", options.control},
                                 {"command", line_of(words)}};
  if (pause.ok() && *pause && !(*pause)->left)
    report.warnings.push_back("it is paused: tradewind node resume");
  if (options.control.empty()) {
    report.lines.push_back("on the control plane's machine, run:");
    report.lines.push_back("  " + line_of(words));
  } else {
    const Result<std::string> added = run_there(context, options.control, words);
    if (!added.ok()) return after_rules(added.error(), places.rules, line_of(words));
    report.lines.push_back("on " + options.control + ":");
    for (const std::string& line : split(*added, '\n')) report.lines.push_back("  " + line);
  }
  report.lines.push_back("its user must be let in here as " + user +
                         " by a key: its public key belongs into ~/.ssh/authorized_keys of " + user);
  return report;
}

json::value instance_json(const local::LentInstance& instance) {
  const local::Zone& zone = instance.launch.zone;
  return json::object{{"id", instance.launch.token},
                      {"job", instance.launch.job.text()},
                      {"state", to_text(instance.state.state)},
                      {"since", to_json(instance.launch.launched_at)},
                      {"cores", zone.share ? json::value(zone.share->cores) : json::value(zone.cpus)},
                      {"gpus", zone.share ? zone.share->gpus : 0},
                      {"memory_gib", zone.memory_gib},
                      {"leaving", io::path_exists(local::InstanceFolder(instance.folder).notice())},
                      {"folder", instance.folder.string()}};
}

std::string instance_line(const local::LentInstance& instance, Time at) {
  const local::Zone& zone = instance.launch.zone;
  char text[96];
  std::snprintf(text, sizeof text, "%g cores, %d GPUs, %.3g GiB", zone.share ? zone.share->cores : zone.cpus,
                zone.share ? zone.share->gpus : 0, zone.memory_gib);
  const bool leaves = io::path_exists(local::InstanceFolder(instance.folder).notice());
  return "runs    " + instance.launch.job.text() + ": " + text + ", for " +
         format_duration(std::max(at - instance.launch.launched_at, Duration(0))) +
         (leaves ? ", leaving" : "");
}

Result<NodeReport> show_status(const cli::Context& context) {
  const lending::Places places = lending::places_in(context.folders.config);
  const Time at = context.clock.now();
  const lending::State state = lending::LendingWatch(places, context.environment).look(at);
  lending::PresenceWatch watch(places.devices, places.asks_logind, context.environment);
  const std::optional<lending::Presence> presence = watch.look(at, seen_lately);
  const std::vector<local::LentInstance> instances = local::lent_instances(places.rules);
  NodeReport report;
  json::array running;
  for (const local::LentInstance& instance : instances) running.push_back(instance_json(instance));
  json::object document{{"ruled", state.ruled},
                        {"open", state.open},
                        {"why", state.why},
                        {"until", to_json(state.until)},
                        {"problem", state.problem},
                        {"rules", state.ruled ? lending::to_json(state.rules) : json::value(nullptr)},
                        {"presence", nullptr},
                        {"instances", std::move(running)}};
  if (presence) {
    document["presence"] =
        json::object{{"where", presence->where}, {"last_input", to_json(presence->last_input)}};
  }
  report.document = std::move(document);
  if (!state.ruled) {
    report.lines.push_back(
        "there are no rules: whoever may log in may run jobs (tradewind node join sets some)");
  } else {
    std::string line = std::string(state.open ? "open" : "closed") + " to jobs: " + state.why;
    if (state.until) line += (state.open ? "; closes " : "; opens ") + lending::local_text(*state.until, at);
    report.lines.push_back(line);
    for (const std::string& rule : rules_lines(state.rules)) report.lines.push_back(rule);
  }
  report.lines.push_back(presence
                             ? "seen    " + presence->where + ", " +
                                   format_duration(std::max(at - presence->last_input, Duration(0))) + " ago"
                             : "seen    nobody in the last 24 hours");
  for (const local::LentInstance& instance : instances) report.lines.push_back(instance_line(instance, at));
  if (instances.empty()) report.lines.push_back("runs    nothing");
  if (!state.problem.empty()) report.warnings.push_back(state.problem);
  return report;
}

// The rules as they are, or would be: a pause must not fail for a file that is wrong.
lending::Pause pause_by(const lending::Places& places) {
  const Result<lending::Rules> rules = rules_there(places);
  lending::Pause pause;
  if (rules.ok()) pause.yield = rules->yield;
  return pause;
}

std::string leaving_line(const lending::Places& places, const lending::Pause& pause) {
  const std::size_t running = local::lent_instances(places.rules).size();
  if (running == 0) return "no job runs here";
  return std::to_string(running) + (running == 1 ? " job leaves" : " jobs leave") + " within " +
         format_duration(pause.yield);
}

Result<NodeReport> pause_jobs(const NodeOptions& options, const cli::Context& context) {
  const lending::Places places = lending::places_in(context.folders.config);
  lending::Pause pause = pause_by(places);
  if (!options.pause_for.empty()) {
    TW_ASSIGN_OR_RETURN(const Duration span, parse_duration(options.pause_for));
    pause.until = context.clock.now() + span;
  }
  TW_RETURN_IF_ERROR(lending::write_pause(places, pause));
  NodeReport report;
  report.document = json::object{{"paused", true},
                                 {"until", to_json(pause.until)},
                                 {"yield_s", to_json(pause.yield)},
                                 {"instances", local::lent_instances(places.rules).size()}};
  report.lines = {"paused " +
                  (pause.until ? "until " + lending::local_text(*pause.until, context.clock.now())
                               : std::string("until `tradewind node resume`")) +
                  "; " + leaving_line(places, pause)};
  return report;
}

Result<NodeReport> resume_jobs(const cli::Context& context) {
  const lending::Places places = lending::places_in(context.folders.config);
  const Result<std::optional<lending::Pause>> pause = lending::read_pause(places, context.clock.now());
  if (pause.ok() && *pause && (*pause)->left) {
    return Error{Code::invalid_argument, "this machine has left the pool", "tradewind node join"};
  }
  TW_RETURN_IF_ERROR(lending::end_pause(places));
  return show_status(context);
}

// Closed first: what follows may fail, and the owner has his machine.
Result<NodeReport> leave_pool(const NodeOptions& options, const cli::Context& context) {
  const lending::Places places = lending::places_in(context.folders.config);
  const Result<lending::Rules> rules = rules_there(places);
  lending::Pause pause = pause_by(places);
  pause.left = true;
  TW_RETURN_IF_ERROR(lending::write_pause(places, pause));
  NodeReport report;
  report.lines = {"this machine takes no jobs any more; " + leaving_line(places, pause)};
  std::string control = options.control;
  std::string name = options.name;
  if (rules.ok() && control.empty()) control = rules->control;
  if (rules.ok() && name.empty()) name = rules->name;
  if (name.empty()) name = name_of_host(own_host_name());
  const std::vector<std::string> words = {"tradewind", "node", "remove", name};
  if (control.empty()) {
    report.lines.push_back("on the control plane's machine, run: " + line_of(words));
  } else {
    const Result<std::string> removed = run_there(context, control, words);
    if (removed.ok()) report.lines.push_back("on " + control + ": " + *removed);
    if (!removed.ok())
      report.warnings.push_back(describe(removed.error()) + "; run there: " + line_of(words));
  }
  TW_RETURN_IF_ERROR(io::remove_tree(places.rules));
  report.document =
      json::object{{"left", true}, {"name", name}, {"control", control}, {"command", line_of(words)}};
  return report;
}

// --- the control plane's machine ---

constexpr const char* reads_at_start =
    "a server that runs has read ssh.yaml at its start: `tradewind server stop`, and the next command starts "
    "it "
    "anew; jobs run on";

Result<std::string> hosts_text(const path& file) {
  if (!io::path_exists(file)) return std::string();
  return io::read_file(file, std::size_t{1} << 20);
}

Result<NodeReport> add_host(const NodeOptions& options, const cli::Context& context) {
  const path file = context.folders.config / "ssh.yaml";
  TW_RETURN_IF_ERROR(io::make_folders(file.parent_path(), 0700));
  TW_ASSIGN_OR_RETURN(const io::FileLock lock,
                      io::FileLock::acquire(file.string() + ".lock", Duration(10'000)));
  TW_ASSIGN_OR_RETURN(const std::string before, hosts_text(file));
  ssh::HostFields fields = {{"name", options.name}};
  if (!options.host.empty()) fields.emplace_back("host", options.host);
  if (!options.user.empty()) fields.emplace_back("user", options.user);
  if (options.port > 0) fields.emplace_back("port", std::to_string(options.port));
  fields.insert(fields.end(), options.fields.begin(), options.fields.end());
  TW_ASSIGN_OR_RETURN(const std::string after, ssh::with_host(before, fields, home_in(context)));
  const bool changed = after != before;
  if (changed) TW_RETURN_IF_ERROR(io::write_file_atomic(file, after));
  NodeReport report;
  report.document =
      json::object{{"location", "ssh/" + options.name}, {"file", file.string()}, {"changed", changed}};
  report.lines = {"ssh/" + options.name + (changed ? " is now in " : " was in ") + file.string(),
                  "tradewind check ssh/" + options.name + " proves that jobs can run there"};
  if (changed) report.lines.push_back(reads_at_start);
  return report;
}

Result<NodeReport> remove_host(const NodeOptions& options, const cli::Context& context) {
  const path file = context.folders.config / "ssh.yaml";
  if (!io::path_exists(file)) return Error{Code::not_found, "there is no " + file.string()};
  TW_ASSIGN_OR_RETURN(const io::FileLock lock,
                      io::FileLock::acquire(file.string() + ".lock", Duration(10'000)));
  TW_ASSIGN_OR_RETURN(const std::string before, hosts_text(file));
  TW_ASSIGN_OR_RETURN(const std::string after, ssh::without_host(before, options.name, home_in(context)));
  NodeReport report;
  report.document =
      json::object{{"location", "ssh/" + options.name}, {"file", file.string()}, {"changed", true}};
  if (!after.empty()) {
    TW_RETURN_IF_ERROR(io::write_file_atomic(file, after));
    report.lines = {"ssh/" + options.name + " is no more in " + file.string()};
  } else {
    // A file without a host is an error; its comments are kept.
    const path old = file.string() + ".old";
    TW_RETURN_IF_ERROR(io::write_file_atomic(old, before));
    TW_RETURN_IF_ERROR(io::remove_tree(file));
    report.lines = {"ssh/" + options.name + " was the last of " + file.string() + ", which is now " +
                    old.string()};
  }
  report.lines.push_back(reads_at_start);
  return report;
}

}  // namespace

Result<NodeReport> run_node(const NodeOptions& options, const cli::Context& context) {
  switch (options.action) {
    case NodeAction::join:
      return join_pool(options, context);
    case NodeAction::leave:
      return leave_pool(options, context);
    case NodeAction::status:
      return show_status(context);
    case NodeAction::pause:
      return pause_jobs(options, context);
    case NodeAction::resume:
      return resume_jobs(context);
    case NodeAction::add:
      return add_host(options, context);
    case NodeAction::remove:
      return remove_host(options, context);
  }
  return Error{Code::internal, "no such action"};
}

}  // namespace tradewind::app
