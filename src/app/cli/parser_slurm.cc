// The verbs of Slurm's habits: sbatch, whose line is read as Slurm reads it, squeue and scancel.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "app/api/version.h"
#include "app/cli/parser_target.h"
#include "app/cli/text_width.h"

namespace tradewind::cli::parsing {
namespace {

constexpr const char* sbatch_description = "submit a batch script of Slurm's; it runs anywhere";

std::string help_line(const task::SbatchOption& option) {
  std::string flags = "--" + std::string(option.name);
  if (option.letter != '\0') flags = "-" + std::string(1, option.letter) + "," + flags;
  if (option.value != task::SbatchValue::none) flags += "=";
  flags.resize(std::max<std::size_t>(flags.size() + 1, 24), ' ');
  return "  " + flags + std::string(option.word) + "\n";
}

std::string help_of(bool ours) {
  std::string text;
  for (const task::SbatchOption& option : task::sbatch_options()) {
    if (option.ours == ours && option.deed == task::SbatchDeed::acts) text += help_line(option);
  }
  return text;
}

std::string names_of(task::SbatchDeed deed) {
  std::string text;
  for (const task::SbatchOption& option : task::sbatch_options()) {
    if (option.deed == deed) text += (text.empty() ? "--" : " --") + std::string(option.name);
  }
  return text;
}

std::string sbatch_help() {
  return std::string(sbatch_description) +
         "\nUsage: tradewind sbatch [OPTIONS] SCRIPT [ARGS...]\n"
         "\nThe #SBATCH lines of SCRIPT (stdin without one) are read as sbatch reads them; SBATCH_* "
         "variables are "
         "stronger, and options here are strongest.\n"
         "\nOptions of sbatch:\n" +
         help_of(false) +
         "\nOptions of Tradewind, which a script has on lines that begin with #TRADEWIND:\n" + help_of(true) +
         "\nUnderstood, and nothing is done about them:\n" +
         wrap(names_of(task::SbatchDeed::told), 100, "  ") + "\nRefused:\n" +
         wrap(names_of(task::SbatchDeed::refused), 100, "  ") +
         examples({"tradewind sbatch train.sh",
                   "tradewind sbatch --array=0-15 --gpus=a100:1 sweep.sh --lr 0.1",
                   "tradewind sbatch --test-only train.sh          what it would cost, and where",
                   "tradewind sbatch --print train.sh > train.yaml its task file, to go on with"}) +
         "\n";
}

ParseEnd wrong_sbatch(const task::TaskError& error, bool json) {
  return {true, "tradewind sbatch: " + error.message, error.hint, json};
}

// What stands before the verb.
struct Opening {
  std::size_t verb = 0;
  bool json = false;
  std::string colour = "auto";
};

Opening opening_of(const std::vector<std::string>& given) {
  Opening opening;
  for (; opening.verb < given.size(); ++opening.verb) {
    const std::string& word = given[opening.verb];
    if (word == "--json") {
      opening.json = true;
    } else if (word == "--color" && opening.verb + 1 < given.size()) {
      opening.colour = given[++opening.verb];
    } else if (word.starts_with("--color=")) {
      opening.colour = word.substr(8);
    } else {
      break;
    }
  }
  return opening;
}

bool has(const std::vector<task::SbatchGiven>& given, std::string_view name) {
  return std::any_of(given.begin(), given.end(), [&](const auto& each) { return each.option->name == name; });
}

}  // namespace

std::optional<std::variant<CommandLine, ParseEnd>> parse_sbatch_line(const std::vector<std::string>& given) {
  const Opening opening = opening_of(given);
  if (opening.verb >= given.size() || given[opening.verb] != "sbatch") return std::nullopt;
  std::vector<task::SbatchWord> words;
  for (std::size_t i = opening.verb + 1; i < given.size(); ++i) words.push_back({given[i]});
  task::SbatchWords read = task::read_sbatch_words(words, task::SbatchSource::command_line);
  const bool json = opening.json || has(read.given, "json");
  if (has(read.given, "help") || has(read.given, "usage")) return ParseEnd{false, sbatch_help(), "", json};
  if (has(read.given, "version"))
    return ParseEnd{false, "tradewind " + std::string(api::program_version) + "\n", "", json};
  if (!read.errors.empty()) return wrong_sbatch(read.errors.front(), json);
  SbatchOptions options;
  options.given = std::move(read.given);
  for (const task::SbatchWord& word : read.rest) options.arguments.push_back(word.text);
  if (!options.arguments.empty()) {
    options.script = options.arguments.front();
    options.arguments.erase(options.arguments.begin());
  }
  CommandLine line{std::move(options), json, ColourWish::automatic};
  if (opening.colour == "always") line.colour = ColourWish::always;
  if (opening.colour == "never") line.colour = ColourWish::never;
  return line;
}

std::vector<std::string> sbatch_flags() {
  std::vector<std::string> flags;
  for (const task::SbatchOption& option : task::sbatch_options()) {
    if (option.deed == task::SbatchDeed::acts) flags.push_back("--" + std::string(option.name));
  }
  return flags;
}

void add_slurm_verbs(CLI::App& app, Target& target) {
  app.add_subcommand("sbatch", sbatch_description);  // for the list of verbs alone

  SqueueOptions& q = target.squeue;
  CLI::App* squeue = app.add_subcommand("squeue", "the jobs as Slurm's squeue shows them")->group("");
  squeue->set_help_flag("--help", "this text");
  add_json(squeue, target);
  squeue->add_option("--jobs,-j,--job", q.jobs, "these jobs")->delimiter(',')->allow_extra_args(false);
  squeue->add_option("--states,-t", q.states, "in these states: R,PD, or all");
  squeue->add_option("--name,-n", q.name, "of this name");
  squeue->add_option("--user,-u", q.user, "of this user; there are only yours");
  squeue->add_option("--format,-o", q.format, "%i %j %t: as squeue has it");
  squeue->add_flag("--noheader,-h", q.bare, "without titles");
  squeue->add_flag("--all,-a,--me", q.all, "changes nothing: all places are shown, and all jobs are yours");
  squeue->callback([&target] { target.chosen = target.squeue; });

  ScancelOptions& c = target.scancel;
  CLI::App* scancel = app.add_subcommand("scancel", "ends jobs as Slurm's scancel does")->group("");
  add_json(scancel, target);
  scancel->add_option("JOB", c.jobs, "ids; of an array all elements, or ID_INDEX");
  scancel->add_option("--name,-n,--jobname", c.name, "all that live of this name");
  scancel->add_option("--state,-t", c.state, "only those in this state: PENDING, RUNNING");
  scancel->add_option("--user,-u", c.user, "all that live of this user; there are only yours");
  scancel->add_flag("--me", c.mine, "all that live");
  scancel->callback([&target] { target.chosen = target.scancel; });
}

}  // namespace tradewind::cli::parsing
