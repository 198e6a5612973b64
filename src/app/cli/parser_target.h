// What the parts of the parser share. Private to parser*.cc, the only files that know CLI11.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/cli/options.h"

namespace CLI {
class App;
}

namespace tradewind::cli::parsing {

// Everything that options are read into. CLI11 keeps pointers to its members.
struct Target {
  bool json = false;
  std::string colour = "auto";
  OffersOptions offers;
  PlanOptions plan;
  RunOptions run;
  JobsOptions jobs;
  SqueueOptions squeue;
  ScancelOptions scancel;
  JobOptions job;
  LogsOptions logs;
  CancelOptions cancel;
  MoveOptions move;
  OutputsOptions outputs;
  CheckpointOptions checkpoint;
  ArchiveOptions archive;
  ServerRunOptions server;
  EventsOptions events;
  CheckOptions check;
  SimulateOptions simulate;
  TracesOptions traces;
  PolicyOptions policy;
  NodeOptions node;
  ProviderTestOptions provider_test;
  CompletionOptions completion;
  Command chosen;
};

// The end of a verb's help.
std::string examples(const std::vector<std::string>& lines);
void add_json(CLI::App* app, Target& target);
// parser_checkpoint.cc
void add_outputs(CLI::App& app, Target& target);
void add_checkpoint(CLI::App& app, Target& target);
// parser_node.cc
void add_node(CLI::App& app, Target& target);
// parser_provider.cc
void add_provider(CLI::App& app, Target& target);
// parser_slurm.cc: sbatch, squeue and scancel.
void add_slurm_verbs(CLI::App& app, Target& target);
// The line of `tradewind sbatch`, whose words CLI11 must not look at; nothing: it is another verb's.
std::optional<std::variant<CommandLine, ParseEnd>> parse_sbatch_line(const std::vector<std::string>& given);
std::vector<std::string> sbatch_flags();

}  // namespace tradewind::cli::parsing
