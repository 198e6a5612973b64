// The fields of a task file outside `resources`.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "core/model/bandwidth.h"
#include "core/model/job_environment.h"
#include "core/task/field_readers.h"
#include "core/task/paths.h"

namespace tradewind::task {
namespace {

constexpr std::size_t name_length_max = 63;  // the shortest limit of the suppliers' labels

bool is_job_name(std::string_view name) {
  if (name.empty() || name.size() > name_length_max) return false;
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return is_letter_or_digit(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

bool check_variable(FieldContext& context, const YamlNode& key, const std::string& path) {
  const std::optional<std::string> problem = variable_problem(key.text);
  if (problem) context.reading.error(key, path + " " + *problem);
  return !problem;
}

// "3", "2.5/s", "120/min", "4000/h", in units a second.
std::optional<double> rate_per_s(FieldContext& context, const YamlNode& node, const std::string& path) {
  constexpr std::pair<std::string_view, double> spans[] = {
      {"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
  const std::string_view text =
      node.kind == YamlKind::scalar ? std::string_view(node.text) : std::string_view();
  const std::size_t slash = text.find('/');
  const std::optional<double> count = number_of(trim(text.substr(0, slash)));
  const std::string_view span =
      slash == std::string_view::npos ? std::string_view() : trim(text.substr(slash + 1));
  for (const auto& [name, seconds] : spans) {
    const bool named = slash == std::string_view::npos ? name.empty() : name == span && !name.empty();
    if (count && *count > 0 && *count <= 1e18 && named) return *count / seconds;
  }
  context.reading.expected(node, path, "a number per second above zero, such as 2.5, 150/min or 9000/h");
  return std::nullopt;
}

// What a rate without an accelerator's name holds for: all that the job asks for.
std::vector<std::string> asked_for(const ResourceRequest& resources) {
  std::vector<std::string> models;
  for (const AcceleratorRequest& wanted : resources.accelerators) models.push_back(wanted.model);
  for (const auto* alternatives : {&resources.any_of, &resources.ordered}) {
    for (const ResourceRequest& alternative : *alternatives) {
      for (const AcceleratorRequest& wanted : alternative.accelerators) models.push_back(wanted.model);
    }
  }
  if (models.empty()) models.emplace_back("cpu");
  return models;
}

}  // namespace

std::optional<std::string> variable_problem(std::string_view name) {
  const auto is_allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  };
  if (name.empty() || (name.front() >= '0' && name.front() <= '9') ||
      !std::all_of(name.begin(), name.end(), is_allowed)) {
    return "is no name for a variable: letters, digits and '_' only, and no digit first";
  }
  if (starts_with_ignoring_case(name, "TRADEWIND_") && name != head_only_variable) {
    return "is a name that the job gets from Tradewind itself: choose another";
  }
  return std::nullopt;
}

void read_name(FieldContext& context, const YamlNode& value, const std::string& path) {
  const auto name = read_text(context.reading, value, path);
  if (!name) return;
  if (is_job_name(*name)) {
    context.task.spec.name = *name;
  } else {
    context.reading.expected(value, path,
                             "1 to 63 letters, digits, '-', '_' or '.', a letter or digit first");
  }
}

void read_num_nodes(FieldContext& context, const YamlNode& value, const std::string& path) {
  const auto count = read_integer(context.reading, value, path, 1, 10'000);
  if (!count) return;
  context.task.spec.num_nodes = *count;
}

void read_workdir(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::map) {
    context.reading.expected(value, path, "a folder", "clone a git repository in setup instead");
    return;
  }
  if (auto folder = read_local_path(context, value, path)) context.task.spec.workdir = *std::move(folder);
}

void read_setup(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (auto text = read_text(context.reading, value, path)) context.task.spec.setup = *std::move(text);
}

void read_run(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (auto text = read_text(context.reading, value, path)) context.task.spec.run = *std::move(text);
}

void read_envs(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (!is_map(context.reading, value, path)) return;
  for (const SectionMember& member : members_of(value, path)) {
    if (!check_variable(context, *member.key, member.path)) continue;
    const std::string& name = member.key->text;
    if (context.options.envs.count(name) > 0) continue;
    if (member.value->kind == YamlKind::null) {
      context.reading.error(*member.key, member.path + " has no value", "give it with --env " + name + "=…");
    } else if (auto text = read_text(context.reading, *member.value, member.path)) {
      context.task.spec.envs[name] = *std::move(text);
    }
  }
}

void read_secrets(FieldContext& context, const YamlNode& value, const std::string& path) {
  std::vector<std::string>& secrets = context.task.spec.secrets;
  if (value.kind == YamlKind::list) {
    for (const YamlPointer& item : value.items) {
      const auto name = read_text(context.reading, *item, path);
      const bool is_new = name && std::find(secrets.begin(), secrets.end(), *name) == secrets.end();
      if (is_new && check_variable(context, *item, path + "." + *name)) secrets.push_back(*name);
    }
  } else if (is_map(context.reading, value, path)) {
    for (const SectionMember& member : members_of(value, path)) {
      if (!check_variable(context, *member.key, member.path)) continue;
      secrets.push_back(member.key->text);
      if (member.value->kind != YamlKind::null) {
        context.task.warnings.push_back("the value of " + member.path +
                                        " in the file is not used or stored: set " + member.key->text +
                                        " in your environment, and leave the value out here");
      }
    }
  }
  if (!secrets.empty()) keep(context, path, to_json(secrets));
}

void read_any_value(FieldContext& /*context*/, const YamlNode& /*value*/, const std::string& /*path*/) {
  // Whatever it is, read_section keeps it.
}

void read_any_map(FieldContext& context, const YamlNode& value, const std::string& path) {
  is_map(context.reading, value, path);
}

void read_duration(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.duration = read_span(context.reading, value, path);
}

void read_deadline(FieldContext& context, const YamlNode& value, const std::string& path) {
  const std::string_view text = value.kind == YamlKind::scalar ? trim(value.text) : std::string_view();
  const Result<Duration> span = parse_duration(text);
  const Result<Time> moment = parse_utc(text);
  if (span.ok() && span->count() > 0) {
    context.task.spec.deadline_after = *span;
  } else if (moment.ok()) {
    context.task.spec.deadline_at = *moment;
  } else {
    context.reading.expected(value, path,
                             "a time span from submission (6h, 2d) or a time (2026-11-24T18:30:00Z)");
  }
}

void read_budget(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.budget = read_money(context.reading, value, path);
}

void read_avoid(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.avoid = read_locations(context.reading, value, path);
}

void read_max_share(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (!is_map(context.reading, value, path)) return;
  for (const SectionMember& member : members_of(value, path)) {
    const std::string_view text = trim(member.value->text);
    const bool percent = !text.empty() && text.back() == '%';
    const std::optional<double> number = number_of(percent ? trim(text.substr(0, text.size() - 1)) : text);
    const double share = number.value_or(0) / (percent ? 100 : 1);
    if (share > 0 && share <= 1) {
      context.task.spec.max_share[member.key->text] = share;
    } else {
      context.reading.expected(*member.value, member.path, "a share above 0 and up to 1, such as 0.6 or 60%");
    }
  }
}

void read_priority(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (const auto priority = read_integer(context.reading, value, path, -1000, 1000)) {
    context.task.spec.priority = *priority;
  }
}

void read_policy(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (const auto name = read_word(context.reading, value, path, policy_names)) {
    context.task.spec.policy = *name;
  }
}

void read_waiting_cost(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.waiting_cost = read_money(context.reading, value, path);
}

void read_work(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (is_map(context.reading, value, path)) read_section(context, "work", members_of(value, path));
}

void read_work_unit(FieldContext& context, const YamlNode& value, const std::string& path) {
  const auto unit = read_text(context.reading, value, path);
  if (!unit) return;
  if (unit->empty() || unit->size() > name_length_max || unit->find('\n') != std::string::npos) {
    return context.reading.expected(value, path, "a short word such as step or token");
  }
  context.task.spec.work.unit = *unit;
}

void read_work_total(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (const auto total = read_positive(context.reading, value, path)) context.task.spec.work.total = *total;
}

void read_work_rate(FieldContext& context, const YamlNode& value, const std::string& path) {
  std::map<std::string, double>& rates = context.task.spec.work.rate_per_s;
  if (value.kind != YamlKind::map) {
    const auto rate = rate_per_s(context, value, path);
    if (!rate) return;
    for (const std::string& model : asked_for(context.task.spec.resources)) rates[model] = *rate;
    return;
  }
  for (const SectionMember& member : members_of(value, path)) {
    if (const auto rate = rate_per_s(context, *member.value, member.path)) rates[member.key->text] = *rate;
  }
}

void read_checkpoint(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::scalar) return read_checkpoint_path(context, value, path);
  if (!is_map(context.reading, value, path)) return;
  const std::size_t errors = context.reading.errors.size();
  read_section(context, "checkpoint", members_of(value, path));
  if (context.task.spec.checkpoint.path.empty() && context.reading.errors.size() == errors) {
    context.reading.error(value, path + ".path is missing",
                          "name the folder that the program saves its state in");
  }
}

void read_checkpoint_path(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (auto folder = read_node_path(context, value, path))
    context.task.spec.checkpoint.path = *std::move(folder);
}

void read_checkpoint_interval(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::scalar && lower(trim(value.text)) == "auto") return;
  context.task.spec.checkpoint.interval = read_span(context.reading, value, path);
}

void read_checkpoint_signal(FieldContext& context, const YamlNode& value, const std::string& path) {
  // Those that a program may catch and that mean nothing else to it.
  constexpr std::array<std::string_view, 5> signals = {"SIGUSR1", "SIGUSR2", "SIGHUP", "SIGINT", "SIGTERM"};
  YamlNode named = value;
  if (named.kind == YamlKind::scalar && !starts_with_ignoring_case(named.text, "SIG"))
    named.text.insert(0, "SIG");
  if (auto signal = read_word(context.reading, named, path, signals)) {
    context.task.spec.checkpoint.signal = *std::move(signal);
  }
}

void read_checkpoint_keep(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (const auto keep_count = read_integer(context.reading, value, path, 1, 100'000)) {
    context.task.spec.checkpoint.keep = *keep_count;
  }
}

void read_checkpoint_keep_hourly(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.checkpoint.keep_hourly =
      read_integer(context.reading, value, path, 0, 100'000).value_or(0);
}

void read_checkpoint_keep_daily(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.checkpoint.keep_daily =
      read_integer(context.reading, value, path, 0, 100'000).value_or(0);
}

void read_checkpoint_keep_best(FieldContext& context, const YamlNode& value, const std::string& path) {
  Reading& reading = context.reading;
  if (!is_map(reading, value, path)) return;
  KeepBest best;
  for (const SectionMember& member : members_of(value, path)) {
    if (member.key->text == "metric") {
      best.metric = read_text(reading, *member.value, member.path).value_or("");
    } else if (member.key->text == "count") {
      best.count = read_integer(reading, *member.value, member.path, 1, 100'000).value_or(1);
    } else if (member.key->text == "highest") {
      best.highest = read_boolean(reading, *member.value, member.path).value_or(false);
    } else {
      reading.error(*member.key, path + " has no field '" + member.key->text + "'",
                    "it has metric, count and highest");
    }
  }
  if (trim(best.metric).empty()) {
    return reading.error(value, path + " does not say by which metric",
                         "add metric: and its name, such as loss");
  }
  context.task.spec.checkpoint.keep_best = std::move(best);
}

void read_checkpoint_stores(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.checkpoint.stores = read_texts(context.reading, value, path);
  for (const std::string& store : context.task.spec.checkpoint.stores) {
    if (trim(store).empty()) context.reading.error(value, path + " holds an empty name of a store");
  }
}

void read_checkpoint_bandwidth(FieldContext& context, const YamlNode& value, const std::string& path) {
  const std::string text = read_text(context.reading, value, path).value_or("");
  if (text.starts_with(bandwidth_file_mark)) {
    if (!text.substr(1).starts_with('/')) {
      return context.reading.error(value, path + " names no absolute path",
                                   "write @ and the whole path of the file on the node, such as @/run/limit");
    }
  } else if (const Result<BandwidthTable> table = BandwidthTable::parse(text); !table.ok()) {
    return context.reading.error(value, path + ": " + table.error().message, table.error().hint);
  }
  context.task.spec.checkpoint.bandwidth = text;
}

void read_checkpoint_encrypt(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.task.spec.checkpoint.encrypt = read_boolean(context.reading, value, path).value_or(false);
}

}  // namespace tradewind::task
