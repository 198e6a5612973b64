// tradewind jobs: the jobs, those that live first.
#include <ostream>

#include "app/api/job_summary.h"
#include "app/api/json_list.h"
#include "app/cli/connect.h"
#include "app/cli/progress_bar.h"
#include "app/cli/table.h"
#include "app/cli/verbs.h"
#include "edge/io/files.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

std::string steps_of(const api::JobSummary& job) {
  if (job.total_steps <= 0) return job.step > 0 ? short_number(job.step) : "-";
  return short_number(job.step) + "/" + short_number(job.total_steps);
}

// How long it has taken, or how long it will.
std::string time_of(const api::JobSummary& job, Time now) {
  if (job.ended_at) return format_duration(*job.ended_at - job.submitted_at);
  if (job.eta && job.state == "running") {
    return "ETA " + whole_seconds(*job.eta);
  }
  return whole_seconds(now - job.submitted_at);
}

Style style_of(const api::JobSummary& job) {
  if (job.unseen_since || job.state == "recovering" || job.state == "waiting" || job.state == "stopping")
    return Style::yellow;
  if (job.state == "running" || job.state == "succeeded") return Style::green;
  return job.state == "failed" ? Style::red : Style::plain;
}

Table table_of(const std::vector<api::JobSummary>& jobs, Time now) {
  Table table{{{"ID"},
               {"NAME", Align::left, 1},
               {"STATE"},
               {"STEP", Align::right},
               {"WHERE", Align::left, 2, true},
               {"TRIES", Align::right, 4},
               {"TIME", Align::right, 3},
               {"COST", Align::right}},
              {}};
  for (const api::JobSummary& job : jobs) {
    table.rows.push_back({job.id.text(), Cell(job.name, Style::bold),
                          Cell(job.unseen_since ? "unseen" : job.state, style_of(job)), steps_of(job),
                          job.location.empty() ? "-" : job.location, std::to_string(job.attempts),
                          time_of(job, now), job.cost.text()});
  }
  return table;
}

// Nothing was ever submitted on this machine: no server need be started to say so.
bool has_no_history(const Context& context) {
  return !context.variable("TRADEWIND_SERVER") && !io::path_exists(context.state().database());
}

Result<json::value> ask(const JobsOptions& options, Context& context) {
  if (has_no_history(context)) return json::value(json::object{{"jobs", json::array()}, {"total", 0}});
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  const std::size_t limit = options.all || context.json ? 1'000'000 : options.limit;
  return client.get("/v1/jobs?limit=" + std::to_string(limit) +
                    "&state=" + io::percent_encode(options.state));
}

}  // namespace

Result<ExitCode> run_jobs(const JobsOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const json::value answer, ask(options, context));
  if (context.json) {
    print_json(context, answer);
    return ExitCode::done;
  }
  JsonReader reader(answer, "answer");
  const auto jobs = api::read_list<api::JobSummary>(reader, "jobs", api::job_summary_from_json);
  const std::int64_t total = reader.integer("total");
  TW_RETURN_IF_ERROR(reader.status());
  if (jobs.empty()) {
    context.err << (options.state.empty() ? "no jobs yet; tradewind run FILE submits one\n"
                                          : "no such jobs\n");
    return ExitCode::done;
  }
  context.out << render(table_of(jobs, context.clock.now()), context.terminal.width, context.terminal.colour);
  if (total > static_cast<std::int64_t>(jobs.size())) {
    context.err << paint(Style::dim,
                         std::to_string(jobs.size()) + " of " + std::to_string(total) +
                             " jobs; --all lists them",
                         context.terminal.err_colour)
                << "\n";
  }
  return ExitCode::done;
}

}  // namespace tradewind::cli
