// tradewind run: submit a job and follow it.
#include <ostream>

#include "app/cli/connect.h"
#include "app/cli/follow.h"
#include "app/cli/task_input.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

Result<JobSpec> spec_of(const RunOptions& options, Context& context) {
  Result<JobSpec> spec = options.command.empty() ? read_task(options.file, options.changes, true, context)
                                                 : task_of_command(options.command, options.changes, context);
  if (!spec.ok()) return spec;
  TW_RETURN_IF_ERROR(restrict_to(options.infra, *spec));
  return spec;
}

ExitCode print_submitted(const std::string& job, const std::string& name, Context& context) {
  if (context.json) {
    print_json(context, json::object{{"job", job}});
    return ExitCode::done;
  }
  context.out << job << "\n";
  context.err << "submitted '" << printable(name) << "'; tradewind logs -f " << job << " follows it\n";
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_run(const RunOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const JobSpec spec, spec_of(options, context));
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(const json::value answer,
                      client.post("/v1/jobs", json::object{{"spec", to_json(spec)}}));
  JsonReader reader(answer, "answer");
  const std::string job = reader.text("job");
  TW_RETURN_IF_ERROR(reader.status());
  if (options.detach) return print_submitted(job, spec.name, context);

  context.err << paint(Style::dim, "tradewind: ", context.terminal.err_colour) << "submitted '"
              << printable(spec.name) << "' as " << job << "; Ctrl-C leaves it running\n";
  // For programs stdout holds one document: the output can be read with `logs`.
  TW_ASSIGN_OR_RETURN(
      const api::JobSummary end,
      follow_job(std::move(client), job, {.output = !context.json, .progress = true}, context));
  if (context.json) print_json(context, to_json(end));
  const ExitCode code = exit_code_of(end, context);
  if (code == ExitCode::interrupted) print_detached(context, end);
  if (code == ExitCode::done && !context.json) {
    context.err << "cost " << end.cost.text() << "; tradewind job " << job
                << " --receipt shows where it went\n";
  }
  return code;
}

}  // namespace tradewind::cli
