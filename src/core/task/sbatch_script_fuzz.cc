// Whatever a batch script holds: no crash, errors point into the script, and what becomes a job has a task
// file that says the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/task/sbatch_job.h"
#include "core/task/task_file.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

task::SbatchFacts facts() {
  task::SbatchFacts facts;
  facts.submit_dir = "/home/x/run";
  facts.environment = {{"LR", "1"}};
  facts.any_gpu = {"H100", "A100"};
  facts.accelerator = [](std::string_view) -> Result<std::string> { return std::string("H100"); };
  facts.slurm_places = [](std::string_view, std::string_view partition) -> std::vector<Location> {
    if (partition == "p") return {{"slurm", "hpc", "p"}};
    return {};
  };
  return facts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const task::SbatchOutcome outcome = task::make_sbatch_job({text, "train.sh", {}, {}}, facts());
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (const task::TaskError& error : outcome.errors) {
    require(error.line >= 0 && error.line <= lines && (error.line == 0 || error.column >= 1));
    require(!error.message.empty());
  }
  task::render(outcome.errors, "f", text);
  if (!outcome.ok()) return 0;
  const JobSpec& spec = outcome.job.spec;
  const task::TaskOutcome again = task::parse_task(task::to_yaml(spec), "", {.run_required = true});
  require(again.ok());
  JobSpec found = again.task.spec;
  found.kept = spec.kept;
  require(found == spec);
  if (outcome.job.array) task::element_of(outcome.job, outcome.job.array->indexes.back(), "j-1");
  task::slurm_file_name(outcome.job.output, {"j-1", "j-1", 1, outcome.job.slurm_name, "x"});
  return 0;
}
