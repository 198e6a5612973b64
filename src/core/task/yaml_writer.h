// Writes a JSON value as YAML that people like to read: block style, quotes only where they are needed,
// scripts as they are.
#pragma once

#include <string>

#include "core/model/json.h"

namespace tradewind::task {

// Reading it back with as_written() gives the value again. Ends in a newline. Empty objects and arrays become
// {} and [].
std::string write_yaml(const json::object& document);

}  // namespace tradewind::task
