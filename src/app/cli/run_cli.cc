#include "app/cli/run_cli.h"

#include <ostream>

#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

Result<ExitCode> dispatch(const OffersOptions& options, Context& context) {
  return run_offers(options, context);
}
Result<ExitCode> dispatch(const PlanOptions& options, Context& context) {
  return run_plan(options, context);
}
Result<ExitCode> dispatch(const RunOptions& options, Context& context) {
  return run_run(options, context);
}
Result<ExitCode> dispatch(const SbatchOptions& options, Context& context) {
  return run_sbatch(options, context);
}
Result<ExitCode> dispatch(const SqueueOptions& options, Context& context) {
  return run_squeue(options, context);
}
Result<ExitCode> dispatch(const ScancelOptions& options, Context& context) {
  return run_scancel(options, context);
}
Result<ExitCode> dispatch(const JobsOptions& options, Context& context) {
  return run_jobs(options, context);
}
Result<ExitCode> dispatch(const JobOptions& options, Context& context) {
  return run_job(options, context);
}
Result<ExitCode> dispatch(const LogsOptions& options, Context& context) {
  return run_logs(options, context);
}
Result<ExitCode> dispatch(const CancelOptions& options, Context& context) {
  return run_cancel(options, context);
}
Result<ExitCode> dispatch(const MoveOptions& options, Context& context) {
  return run_move(options, context);
}
Result<ExitCode> dispatch(const OutputsOptions& options, Context& context) {
  return run_outputs(options, context);
}
Result<ExitCode> dispatch(const CheckpointOptions& options, Context& context) {
  return run_checkpoint(options, context);
}
Result<ExitCode> dispatch(const ArchiveOptions& options, Context& context) {
  return run_archive(options, context);
}
Result<ExitCode> dispatch(const ServerRunOptions& options, Context& context) {
  return run_server(options, context);
}
Result<ExitCode> dispatch(const EventsOptions& options, Context& context) {
  return run_events(options, context);
}
Result<ExitCode> dispatch(const CheckOptions& options, Context& context) {
  return run_check(options, context);
}
Result<ExitCode> dispatch(const VersionOptions& options, Context& context) {
  return run_version(options, context);
}
Result<ExitCode> dispatch(const SimulateOptions& options, Context& context) {
  return run_simulate(options, context);
}
Result<ExitCode> dispatch(const TracesOptions& options, Context& context) {
  return run_traces(options, context);
}
Result<ExitCode> dispatch(const PolicyOptions& options, Context& context) {
  return run_policy(options, context);
}
Result<ExitCode> dispatch(const NodeOptions& options, Context& context) {
  return run_node(options, context);
}
Result<ExitCode> dispatch(const ProviderTestOptions& options, Context& context) {
  return run_provider_test(options, context);
}
Result<ExitCode> dispatch(const CompletionOptions& options, Context& context) {
  return run_completion(options, context);
}

}  // namespace

int run_cli(const std::variant<CommandLine, ParseEnd>& parsed, Context& context) {
  if (const auto* end = std::get_if<ParseEnd>(&parsed)) {
    context.json = end->json;
    if (end->wrong)
      return static_cast<int>(print_error(context, {Code::invalid_argument, end->text, end->hint}));
    context.out << end->text;
    return 0;
  }
  const auto& line = std::get<CommandLine>(parsed);
  context.json = line.json;
  const Result<ExitCode> code =
      std::visit([&](const auto& options) { return dispatch(options, context); }, line.command);
  context.out.flush();
  if (!code.ok()) return static_cast<int>(print_error(context, code.error()));
  // A full disk behind a redirection must not look like success.
  if (!context.out) {
    return static_cast<int>(print_error(context, {Code::unavailable, "the output could not be written"}));
  }
  return static_cast<int>(*code);
}

}  // namespace tradewind::cli
