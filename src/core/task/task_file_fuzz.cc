// Whatever a task file holds: no crash, errors point into the file, and what parses survives being written as
// YAML and as JSON.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/task/task_file.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const task::TaskOptions options{.base_dir = "", .home_dir = "/home/x", .envs = {}, .run_required = false};
  const task::TaskOutcome outcome = task::parse_task(yaml, "", options);
  const auto lines = std::count(yaml.begin(), yaml.end(), '\n') + 1;
  for (const task::TaskError& error : outcome.errors) {
    require(error.line >= 1 && error.line <= lines + 1 && error.column >= 1 && !error.message.empty());
  }
  task::render(outcome.errors, "f", yaml);
  if (!outcome.ok()) return 0;

  const JobSpec& spec = outcome.task.spec;
  const task::TaskOutcome again = task::parse_task(task::to_yaml(spec), "", options);
  require(again.ok());
  // What is kept beside a member of the spec may change its spelling once ("60%" to 0.6), and then never
  // again.
  JobSpec found = again.task.spec;
  found.kept = spec.kept;
  require(found == spec);
  require(task::parse_task(task::to_yaml(again.task.spec), "", options).task.spec == again.task.spec);
  const Result<json::value> document = parse_json(to_text(to_json(spec)));
  require(document.ok());
  const Result<JobSpec> read = job_spec_from_json(*document, "spec");
  require(read.ok());
  require(*read == spec);
  return 0;
}
