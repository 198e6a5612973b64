#include "core/task/task_file.h"

#include <algorithm>

#include "base/text.h"
#include "core/task/field_readers.h"
#include "core/task/task_fields.h"

namespace tradewind::task {
namespace {

constexpr std::size_t errors_max = 50;  // more help nobody

std::string unknown_field_hint(std::string_view section, const std::string& name) {
  std::vector<std::string_view> known;
  const TaskField* elsewhere = nullptr;
  for (const TaskField& field : task_fields()) {
    if (field.section == section) known.push_back(field.name);
    if (field.section != section && field.name == name && elsewhere == nullptr) elsewhere = &field;
  }
  if (elsewhere != nullptr) {
    return elsewhere->section.empty() ? "it belongs to the top of the file"
                                      : "it belongs under " + std::string(elsewhere->section);
  }
  const std::string near = nearest_word(name, known);
  if (!near.empty()) return "did you mean '" + near + "'?";
  std::string all;
  for (const std::string_view word : known) all += (all.empty() ? "" : ", ") + std::string(word);
  return "known here: " + all;
}

// "resources.any_of[2].ports" → "resources.any_of.ports"
std::string without_indexes(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) out += c;
    if (c == ']') inside = false;
  }
  return out;
}

void warn_of_kept_fields(ParsedTask& task) {
  std::vector<std::string> names;
  for (const auto& member : task.spec.kept) {
    std::string name = without_indexes(member.key());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  if (names.empty()) return;
  task.warnings.push_back("not acted on yet, only kept: " + join(names, ", "));
}

// "runs/train v2.yaml" → "train-v2"
std::string name_from_file(std::string_view file_name) {
  const std::size_t slash = file_name.find_last_of('/');
  std::string_view stem = slash == std::string_view::npos ? file_name : file_name.substr(slash + 1);
  stem = stem.substr(0, stem.find_last_of('.'));
  std::string name;
  for (const char c : stem) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool is_allowed = letter || (!name.empty() && (c == '-' || c == '_' || c == '.'));
    if (is_allowed) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min<std::size_t>(name.size(), 63));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

void apply_overrides(Reading& reading, ParsedTask& task, const TaskOptions& options) {
  for (const auto& [name, value] : options.envs) {
    const std::optional<std::string> problem = variable_problem(name);
    if (problem) {
      reading.errors.push_back({0, 0, 1, "--env " + name + " " + *problem});
    } else if (value.find('\0') != std::string::npos) {
      reading.errors.push_back({0, 0, 1, "--env " + name + " holds a NUL character"});
    } else {
      task.spec.envs[name] = value;
    }
  }
}

void require_run(Reading& reading, const ParsedTask& task, const YamlNode& root) {
  const YamlNode* run = nullptr;
  for (const YamlMember& member : root.members) {
    if (member.key->text == "run") run = member.value.get();
  }
  if (run == nullptr || run->kind == YamlKind::null) {
    reading.error(root, "run is missing: there is nothing to run", "add run: and a command");
  } else if (run->kind == YamlKind::scalar && trim(task.spec.run).empty() && trim(run->text).empty()) {
    reading.error(*run, "run is empty: there is nothing to run", "add a command");
  }
}

void read_top(Reading& reading, ParsedTask& task, const YamlNode& root, const TaskOptions& options) {
  if (root.kind == YamlKind::null) {
    return reading.error(root, "the file is empty", "start with resources: and run:");
  }
  if (!is_map(reading, root, "the file")) return;
  FieldContext context{reading, task, options};
  read_section(context, "", members_of(root, ""));
  apply_overrides(reading, task, options);
  if (options.run_required) require_run(reading, task, root);
}

void settle(std::vector<TaskError>& errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const TaskError& a, const TaskError& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  errors.erase(std::unique(errors.begin(), errors.end()), errors.end());
  if (errors.size() <= errors_max) return;
  const std::string rest = std::to_string(errors.size() - errors_max);
  errors.resize(errors_max);
  errors.back().message += " (and " + rest + " further errors)";
}

}  // namespace

std::vector<SectionMember> members_of(const YamlNode& map, const std::string& path) {
  std::vector<SectionMember> members;
  for (const YamlMember& member : map.members) {
    const std::string& name = member.key->text;
    members.push_back(
        {member.key.get(), member.value.get(), path.empty() ? name : (path + ".").append(name)});
  }
  return members;
}

void read_section(FieldContext& context, std::string_view section,
                  const std::vector<SectionMember>& members) {
  for (const SectionMember& member : members) {
    if (find_field(section, member.key->text) == nullptr) {
      const std::string place = section.empty() ? "a task file" : std::string(section);
      context.reading.error(*member.key, place + " has no field " + kind_text(*member.key),
                            unknown_field_hint(section, member.key->text));
    }
  }
  for (const TaskField& field : task_fields()) {
    if (field.section != section) continue;
    for (const SectionMember& member : members) {
      if (member.key->text != field.name || member.value->kind == YamlKind::null) continue;
      const std::size_t errors = context.reading.errors.size();
      field.read(context, *member.value, member.path);
      const bool is_fine = context.reading.errors.size() == errors;
      const bool is_kept = context.task.spec.kept.contains(member.path);
      if (is_fine && field.standing == Standing::kept && !is_kept)
        keep(context, member.path, as_written(*member.value));
    }
  }
}

void keep(FieldContext& context, const std::string& path, json::value value) {
  context.task.spec.kept[path] = std::move(value);
}

TaskOutcome parse_task(std::string_view yaml, std::string_view file_name, const TaskOptions& options) {
  YamlTree tree = read_yaml(yaml);
  TaskOutcome outcome;
  Reading reading;
  reading.errors = std::move(tree.errors);
  if (tree.complete) read_top(reading, outcome.task, *tree.root, options);
  if (outcome.task.spec.name.empty()) outcome.task.spec.name = name_from_file(file_name);
  warn_of_kept_fields(outcome.task);
  outcome.errors = std::move(reading.errors);
  settle(outcome.errors);
  return outcome;
}

}  // namespace tradewind::task
