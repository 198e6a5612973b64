// The vocabulary of task files: one table of all fields, which the parser, its "did you mean", and the guide
// share.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tradewind::task {

struct YamlNode;
struct FieldContext;

enum class Standing {
  acted_on,
  kept,  // understood, checked and stored, but nothing acts on it yet: the user is warned
};

struct TaskField {
  std::string_view section;  // "" for the top, "resources", "resources.job_recovery", "work", "checkpoint"
  std::string_view name;
  std::string_view type;
  Standing standing;
  std::string_view help;  // one sentence
  void (*read)(FieldContext& context, const YamlNode& value, const std::string& path);
};

// Sections follow each other; within one, in the order of the guide.
std::span<const TaskField> task_fields();
const TaskField* find_field(std::string_view section, std::string_view name);
// "resources.accelerators", "name".
std::string path_of(const TaskField& field);

}  // namespace tradewind::task
