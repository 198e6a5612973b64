// Paths in a task file: on the submitting machine and on the node.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/task/field_readers.h"

namespace tradewind::task {

// A path on the submitting machine, made absolute: from the task file's folder, or the home where it begins
// with "~". Its last slashes go.
std::optional<std::string> read_local_path(FieldContext& context, const YamlNode& value,
                                           const std::string& path);
// A path on the node: nothing that climbs out of where it starts.
std::optional<std::string> read_node_path(FieldContext& context, const YamlNode& node,
                                          const std::string& path);

bool has_control_character(std::string_view text);

}  // namespace tradewind::task
