// The verbs of the program, one file each: cmd_<verb>.cc.
#pragma once

#include "app/cli/context.h"
#include "core/model/job.h"

namespace tradewind::cli {

// Results go to context.out, what accompanies them to context.err. The error is printed by the caller.
Result<ExitCode> run_offers(const OffersOptions& options, Context& context);
Result<ExitCode> run_plan(const PlanOptions& options, Context& context);
Result<ExitCode> run_run(const RunOptions& options, Context& context);
Result<ExitCode> run_sbatch(const SbatchOptions& options, Context& context);
Result<ExitCode> run_squeue(const SqueueOptions& options, Context& context);
Result<ExitCode> run_scancel(const ScancelOptions& options, Context& context);
Result<ExitCode> run_jobs(const JobsOptions& options, Context& context);
Result<ExitCode> run_job(const JobOptions& options, Context& context);
Result<ExitCode> run_logs(const LogsOptions& options, Context& context);
Result<ExitCode> run_cancel(const CancelOptions& options, Context& context);
Result<ExitCode> run_move(const MoveOptions& options, Context& context);
Result<ExitCode> run_outputs(const OutputsOptions& options, Context& context);
Result<ExitCode> run_checkpoint(const CheckpointOptions& options, Context& context);
Result<ExitCode> run_archive(const ArchiveOptions& options, Context& context);
Result<ExitCode> run_server(const ServerRunOptions& options, Context& context);
Result<ExitCode> run_events(const EventsOptions& options, Context& context);
Result<ExitCode> run_check(const CheckOptions& options, Context& context);
Result<ExitCode> run_version(const VersionOptions& options, Context& context);
Result<ExitCode> run_simulate(const SimulateOptions& options, Context& context);
Result<ExitCode> run_traces(const TracesOptions& options, Context& context);
Result<ExitCode> run_policy(const PolicyOptions& options, Context& context);
Result<ExitCode> run_node(const NodeOptions& options, Context& context);
Result<ExitCode> run_provider_test(const ProviderTestOptions& options, Context& context);
Result<ExitCode> run_completion(const CompletionOptions& options, Context& context);

// What `tradewind plan` says of a task file, of a job.
Result<ExitCode> plan_job(const JobSpec& job, const PlanOptions& options, Context& context);

}  // namespace tradewind::cli
