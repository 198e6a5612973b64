// What is wrong in a task file, and where: a value, and its rendering for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::task {

struct TaskError {
  int line = 0;         // from 1; 0: not in the file (an --env on the command line)
  int column = 0;       // from 1, in characters
  int length = 1;       // characters to underline, on that line
  std::string message;  // what was found and what is allowed, one sentence
  std::string hint = {};
  bool operator==(const TaskError&) const = default;
};

// "train.yaml:3:5: resources has no field 'acelerators' (did you mean 'accelerators'?)"
std::string describe(const TaskError& error, std::string_view file_name);

// All errors, each with its source line and a caret below it. Ends in a newline. Control characters of the
// source are shown as '?', so that a file cannot steer the terminal.
std::string render(const std::vector<TaskError>& errors, std::string_view file_name, std::string_view yaml);

// All of them as one invalid_argument: a line each.
// REQUIRES: errors is not empty
Error as_error(const std::vector<TaskError>& errors, std::string_view file_name);

}  // namespace tradewind::task
