#include "app/api/job_summary.h"

#include "app/api/json_text.h"

namespace tradewind::api {

json::value to_json(const JobSummary& job) {
  return json::object{{"id", job.id.text()},
                      {"name", job.name},
                      {"state", job.state},
                      {"step", number_to_json(job.step)},
                      {"total_steps", number_to_json(job.total_steps)},
                      {"location", text_or_null(job.location)},
                      {"instance_type", text_or_null(job.instance_type)},
                      {"purchase", text_or_null(job.purchase)},
                      {"attempts", job.attempts},
                      {"cost", tradewind::to_json(job.cost)},
                      {"reason", text_or_null(job.reason)},
                      {"phase", text_or_null(job.phase)},
                      {"saved_step", number_to_json(job.saved_step)},
                      {"rate_per_s", job.rate_per_s},
                      {"eta_s", tradewind::to_json(job.eta)},
                      {"metrics", tradewind::to_json(job.metrics)},
                      {"unseen_since", tradewind::to_json(job.unseen_since)},
                      {"notice_deadline", tradewind::to_json(job.notice_deadline)},
                      {"submitted_at", tradewind::to_json(job.submitted_at)},
                      {"started_at", tradewind::to_json(job.started_at)},
                      {"ended_at", tradewind::to_json(job.ended_at)},
                      {"deadline", tradewind::to_json(job.deadline)},
                      {"budget", tradewind::to_json(job.budget)},
                      {"exit_code", job.exit_code ? json::value(*job.exit_code) : json::value(nullptr)}};
}

Result<JobSummary> job_summary_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  JobSummary job;
  job.id = reader.id<JobTag>("id");
  job.name = reader.text("name");
  job.state = reader.text("state");
  job.step = reader.number("step");
  job.total_steps = reader.number("total_steps");
  job.location = reader.text_or("location", "");
  job.instance_type = reader.text_or("instance_type", "");
  job.purchase = reader.text_or("purchase", "");
  job.attempts = static_cast<int>(reader.integer("attempts"));
  job.cost = reader.money("cost");
  job.reason = reader.text_or("reason", "");
  job.phase = reader.text_or("phase", "");
  job.saved_step = reader.number_or("saved_step", 0);
  job.rate_per_s = reader.number_or("rate_per_s", 0);
  job.eta = reader.optional_seconds("eta_s");
  job.metrics = read_numbers(reader, "metrics");
  job.unseen_since = reader.optional_time("unseen_since");
  job.notice_deadline = reader.optional_time("notice_deadline");
  job.submitted_at = reader.time("submitted_at");
  job.started_at = reader.optional_time("started_at");
  job.ended_at = reader.optional_time("ended_at");
  job.deadline = reader.optional_time("deadline");
  job.budget = reader.optional_money("budget");
  if (reader.has("exit_code")) job.exit_code = static_cast<int>(reader.integer("exit_code"));
  TW_RETURN_IF_ERROR(reader.status());
  return job;
}

}  // namespace tradewind::api
