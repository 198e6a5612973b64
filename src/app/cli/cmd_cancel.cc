// tradewind cancel: end jobs.
#include <ostream>

#include "app/cli/connect.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {

Result<ExitCode> run_cancel(const CancelOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  json::array cancelled;
  std::optional<Error> first;
  // One that cannot be cancelled does not keep the others alive.
  for (const std::string& job : options.jobs) {
    const Result<json::value> answer = client.post(job_target(job, "/cancel"));
    if (!answer.ok()) {
      if (first && !context.json) print_error(context, answer.error());
      if (!first) first = answer.error();
      continue;
    }
    const json::value& id = answer->as_object().at("job");
    if (!context.json) context.err << "ending " << std::string(id.as_string()) << "; its checkpoints stay\n";
    cancelled.push_back(id);
  }
  if (first) return *first;
  if (context.json) print_json(context, json::object{{"cancelled", std::move(cancelled)}});
  return ExitCode::done;
}

}  // namespace tradewind::cli
