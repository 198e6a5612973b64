// The options of Slurm's sbatch (22.05), what becomes of each here, and reading them out of words as
// getopt_long does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/task/task_error.h"

namespace tradewind::task {

enum class SbatchDeed {
  acts,       // it shapes the job, or what the command does
  fulfilled,  // it asks for what is so anyway
  told,       // nothing is done about it: the user is told so
  refused,    // ignoring it would do harm
};

enum class SbatchValue { none, optional, required };

struct SbatchOption {
  std::string_view name;  // without its dashes
  char letter;            // '\0': it has none
  SbatchValue value;
  SbatchDeed deed;
  std::string_view word;      // of what acts: its help; else why nothing is done, or what to do instead
  std::string_view variable;  // of the environment, that says the same; empty: none
  bool ours = false;          // not one of Slurm's: on #TRADEWIND lines and on the command line
};

std::span<const SbatchOption> sbatch_options();
const SbatchOption* find_sbatch_option(std::string_view name);

// Each is stronger than those before.
enum class SbatchSource { script, environment, command_line };

struct SbatchWord {
  std::string text;
  int line = 0;  // from 1, in the script; 0: elsewhere
  int column = 0;
  int length = 1;
};

struct SbatchGiven {
  const SbatchOption* option = nullptr;
  std::string value;  // empty also where none was given
  SbatchSource source = SbatchSource::script;
  SbatchWord word;  // that holds the value, or the option where there is none
};

// What is wrong with an option, at its place: in the script, or named by where else it stands.
TaskError error_at(const SbatchGiven& given, const std::string& message, std::string hint = {});
// "--time", "SBATCH_TIMELIMIT", "--time of the command line".
std::string spoken(const SbatchGiven& given);

struct SbatchWords {
  std::vector<SbatchGiven> given;  // in their order
  std::vector<SbatchWord> rest;    // what is no option
  std::vector<TaskError> errors;
};

// `--name=value`, `--name value`, an unambiguous beginning of a long name, `-Jname`, `-J name`, letters
// together (`-HW`). On the command line all that follows the first other word, or "--", is `rest`.
SbatchWords read_sbatch_words(const std::vector<SbatchWord>& words, SbatchSource source);

}  // namespace tradewind::task
