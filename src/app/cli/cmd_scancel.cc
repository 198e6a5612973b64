// tradewind scancel: ends jobs; of an array all elements, or ID_INDEX alone.
#include <algorithm>
#include <ostream>
#include <set>

#include "app/cli/connect.h"
#include "app/cli/job_list.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

std::string text_at(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

struct Element {
  std::string id;
  std::string array;  // the id of the first of its array; empty: it is of none
  std::string base;   // the array's name
};

// What the job's variables say of its array.
Result<Element> look_at(ApiClient& client, const std::string& job) {
  TW_ASSIGN_OR_RETURN(const json::value detail, client.get(job_target(job)));
  JsonReader reader(detail, "job");
  Element element{reader.text("id"), "", ""};
  const std::string name = reader.text("name");
  TW_RETURN_IF_ERROR(reader.status());
  const json::value* spec = detail.as_object().if_contains("spec");
  const json::value* envs =
      spec != nullptr && spec->is_object() ? spec->get_object().if_contains("envs") : nullptr;
  if (envs == nullptr || !envs->is_object()) return element;
  const std::string index = text_at(envs->get_object(), "SLURM_ARRAY_TASK_ID");
  if (index.empty()) return element;
  const std::string array = text_at(envs->get_object(), "SLURM_ARRAY_JOB_ID");
  element.array = array.empty() ? element.id : array;  // the first has none: it is its own
  element.base = name.substr(0, name.size() - std::min(name.size(), index.size() + 1));
  return element;
}

// The elements that live of the array that `first` begins. `index` empty: all of them.
Status add_elements(ApiClient& client, const Element& first, const std::string& index,
                    std::set<std::string>& ids) {
  TW_ASSIGN_OR_RETURN(JobFilter filter, make_job_filter("live", first.base));
  TW_ASSIGN_OR_RETURN(const JobList list, list_jobs(client, filter, 1'000'000));
  for (const api::JobSummary& job : list.jobs) {
    if (!index.empty() && job.name != first.base + "_" + index) continue;
    TW_ASSIGN_OR_RETURN(const Element element, look_at(client, job.id.text()));
    if (element.array == first.id) ids.insert(element.id);
  }
  return {};
}

Status add_named(ApiClient& client, const std::string& word, std::set<std::string>& ids) {
  const Result<Element> whole = look_at(client, word);
  if (whole.ok()) {
    if (whole->array == whole->id) return add_elements(client, *whole, "", ids);
    ids.insert(whole->id);
    return {};
  }
  const std::size_t mark = word.rfind('_');
  if (mark == std::string::npos || whole.error().code != Code::not_found) return whole.error();
  TW_ASSIGN_OR_RETURN(const Element first, look_at(client, word.substr(0, mark)));
  const std::size_t before = ids.size();
  if (first.array == first.id) TW_RETURN_IF_ERROR(add_elements(client, first, word.substr(mark + 1), ids));
  if (ids.size() > before) return {};
  return Error{Code::not_found, "no element that lives is " + word, "tradewind squeue lists them"};
}

}  // namespace

Result<ExitCode> run_scancel(const ScancelOptions& options, Context& context) {
  const bool by_filter =
      !options.name.empty() || !options.state.empty() || !options.user.empty() || options.mine;
  if (options.jobs.empty() && !by_filter)
    return Error{Code::invalid_argument, "No job identification provided", "tradewind scancel JOB…"};
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  std::set<std::string> ids;
  const bool of_others = !options.user.empty() && options.user != user_name(context);
  for (const std::string& job : options.jobs) TW_RETURN_IF_ERROR(add_named(client, job, ids));
  if (by_filter) {
    TW_ASSIGN_OR_RETURN(const JobFilter filter,
                        make_job_filter(options.state.empty() ? "live" : options.state, options.name));
    TW_ASSIGN_OR_RETURN(const JobList list, list_jobs(client, filter, 1'000'000));
    std::set<std::string> fitting;
    for (const api::JobSummary& job : list.jobs) {
      const bool named = options.jobs.empty() || ids.contains(job.id.text());
      if (named && !is_over(job.state)) fitting.insert(job.id.text());
    }
    ids = std::move(fitting);
  }
  if (of_others) ids.clear();
  if (ids.empty()) {
    if (context.json) print_json(context, json::object{{"cancelled", json::array()}});
    return ExitCode::done;
  }
  return run_cancel({{ids.begin(), ids.end()}}, context);
}

}  // namespace tradewind::cli
