#include "app/cli/jobs_table.h"

#include "app/cli/progress_bar.h"

namespace tradewind::cli {
namespace {

std::string steps_of(const api::JobSummary& job) {
  if (job.total_steps <= 0) return job.step > 0 ? short_number(job.step) : "-";
  return short_number(job.step) + "/" + short_number(job.total_steps);
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

// How long it has taken.
std::string age_of(const api::JobSummary& job, Time now) {
  return job.ended_at ? format_duration(*job.ended_at - job.submitted_at)
                      : whole_seconds(now - job.submitted_at);
}

// The same, or how long it will take.
std::string time_of(const api::JobSummary& job, Time now) {
  if (!job.ended_at && job.eta && job.state == "running") return "ETA " + whole_seconds(*job.eta);
  return age_of(job, now);
}

std::string eta_of(const api::JobSummary& job) {
  return job.eta && job.state == "running" ? whole_seconds(*job.eta) : "-";
}

std::string instance_of(const api::JobSummary& job) {
  return job.instance_type.empty() ? "-" : job.instance_type + (job.purchase == "spot" ? " spot" : "");
}

Style style_of(const api::JobSummary& job) {
  if (job.unseen_since || job.state == "recovering" || job.state == "waiting" || job.state == "stopping")
    return Style::yellow;
  if (job.state == "running" || job.state == "succeeded") return Style::green;
  return job.state == "failed" ? Style::red : Style::plain;
}

Cell state_cell(const api::JobSummary& job) {
  return {job.unseen_since ? "unseen" : job.state, style_of(job)};
}

Table usual(const std::vector<api::JobSummary>& jobs, Time now) {
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
    table.rows.push_back({job.id.text(), Cell(job.name, Style::bold), state_cell(job), steps_of(job),
                          or_dash(job.location), std::to_string(job.attempts), time_of(job, now),
                          job.cost.text()});
  }
  return table;
}

Table with_all(const std::vector<api::JobSummary>& jobs, Time now) {
  Table table{{{"ID"},
               {"NAME", Align::left, 1},
               {"STATE"},
               {"STEP", Align::right},
               {"ETA", Align::right, 3},
               {"WHERE", Align::left, 2, true},
               {"INSTANCE", Align::left, 4},
               {"TRIES", Align::right, 6},
               {"AGE", Align::right, 5},
               {"COST", Align::right},
               {"REASON", Align::left, 7}},
              {}};
  for (const api::JobSummary& job : jobs) {
    table.rows.push_back({job.id.text(), Cell(job.name, Style::bold), state_cell(job), steps_of(job),
                          eta_of(job), or_dash(job.location), instance_of(job), std::to_string(job.attempts),
                          age_of(job, now), job.cost.text(), or_dash(job.reason)});
  }
  return table;
}

}  // namespace

Table jobs_table(const std::vector<api::JobSummary>& jobs, Time now, bool wide) {
  return wide ? with_all(jobs, now) : usual(jobs, now);
}

}  // namespace tradewind::cli
