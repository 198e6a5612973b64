// A batch script as sbatch reads it: its interpreter, and the options of its #SBATCH lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/task/sbatch_options.h"

namespace tradewind::task {

struct BatchScript {
  std::string interpreter;         // of the line that begins with "#!"
  std::string argument;            // all that follows it there, as one (execve(2)); empty: none
  std::vector<SbatchGiven> given;  // in their order
  std::vector<TaskError> errors;   // in the order of lines
  bool ok() const { return errors.empty(); }
};

// The lines before the first that is neither empty nor a comment: "#SBATCH" begins one with Slurm's options,
// "#TRADEWIND" one with ours, which Slurm takes for a comment; "##SBATCH" is none. Blanks separate words,
// quotes keep them together, a backslash takes quotes and '#' as they are, and '#' begins a comment. What
// Slurm does not take for a batch script (empty, no "#!", NUL, DOS line breaks) is an error in its words; so
// is text that is no UTF-8.
BatchScript read_batch_script(std::string_view text);

// What --wrap makes of a command, as Slurm does.
std::string wrapped_script(std::string_view command);

}  // namespace tradewind::task
