// tradewind sbatch: submits a batch script of Slurm's as a job that runs anywhere.
#include <algorithm>
#include <ctime>
#include <istream>
#include <iterator>
#include <ostream>
#include <set>
#include <unistd.h>

#include "app/cli/batch_wait.h"
#include "app/cli/connect.h"
#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "core/catalog/accelerators.h"
#include "core/task/sbatch_job.h"
#include "core/task/task_file.h"
#include "edge/io/files.h"

namespace tradewind::cli {
namespace {

constexpr std::size_t script_bytes_max = std::size_t{4} << 20;  // as Slurm's max_script_size

bool is_given(const SbatchOptions& options, std::string_view name) {
  return std::any_of(options.given.begin(), options.given.end(),
                     [&](const auto& given) { return given.option->name == name; });
}

std::string whole_path(const std::string& file, const Context& context) {
  return file.starts_with('/') ? file : context.working_folder + "/" + file;
}

Result<std::string> read_script(const SbatchOptions& options, Context& context) {
  if (options.script.empty() && is_given(options, "wrap")) return std::string();
  if (!options.script.empty()) {
    Result<std::string> text = io::read_file(whole_path(options.script, context), script_bytes_max);
    if (text.ok()) return text;
    return Error{text.error().code, "Unable to open file " + options.script + ": " + text.error().message,
                 text.error().hint};
  }
  std::string text(std::istreambuf_iterator<char>(context.in), {});
  if (text.size() <= script_bytes_max) return text;
  return Error{Code::invalid_argument, "the script on stdin is longer than 4 MiB"};
}

// The model that a cluster's type of GPU is; with its memory where the type names that.
Result<std::string> accelerator_of(std::string_view type) {
  TW_ASSIGN_OR_RETURN(const catalog::AcceleratorWish wish, catalog::read_accelerator(type));
  return wish.memory_gib > 0 ? std::string(type) : std::string(wish.name);
}

std::vector<std::string> every_gpu() {
  std::vector<std::string> models;
  for (const catalog::AcceleratorFacts& facts : catalog::all_accelerators()) {
    const bool is_new = std::find(models.begin(), models.end(), facts.name) == models.end();
    if (facts.kind == catalog::AcceleratorKind::gpu && is_new) models.emplace_back(facts.name);
  }
  return models;
}

// "2026-11-24", "2026-11-24T18:30", "2026-11-24T18:30:00" by this machine's clock.
std::optional<Time> local_time(std::string_view text) {
  const std::string whole(text);
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = ::strptime(whole.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    parts.tm_isdst = -1;
    const std::time_t moment = ::mktime(&parts);
    if (moment == -1) return std::nullopt;
    return Time(std::chrono::seconds(moment));
  }
  return std::nullopt;
}

std::vector<Location> places_in(const std::vector<SlurmCluster>& clusters, std::string_view cluster,
                                std::string_view partition) {
  std::vector<Location> places;
  for (const SlurmCluster& each : clusters) {
    const bool has_it =
        partition.empty() || each.partitions.empty() ||
        std::find(each.partitions.begin(), each.partitions.end(), partition) != each.partitions.end();
    if ((cluster.empty() || cluster == each.name) && has_it)
      places.push_back({"slurm", each.name, std::string(partition)});
  }
  return places;
}

task::SbatchFacts facts_of(Context& context) {
  char host[256] = {};
  (void)::gethostname(host, sizeof(host) - 1);
  task::SbatchFacts facts;
  facts.submit_dir = context.working_folder;
  facts.home_dir = context.variable("HOME").value_or("");
  facts.host = host;
  facts.user = user_name(context);
  facts.environment = context.environment;
  facts.accelerator = accelerator_of;
  facts.any_gpu = every_gpu();
  facts.local_time = local_time;
  facts.slurm_places = [&context](std::string_view cluster,
                                  std::string_view partition) -> std::vector<Location> {
    if (!context.wiring.slurm_clusters) return {};
    const auto clusters = context.wiring.slurm_clusters();
    if (clusters.ok()) return places_in(*clusters, cluster, partition);
    print_warning(context, describe(clusters.error()));
    return {};
  };
  return facts;
}

// What is submitted is what its task file says, so that --print shows no other job.
Status settle(task::SbatchJob& job, Context& context) {
  const task::TaskOutcome outcome = task::parse_task(task::to_yaml(job.spec), job.spec.name,
                                                     {.home_dir = context.variable("HOME").value_or("")});
  if (!outcome.ok()) return task::as_error(outcome.errors, "the task file of this script");
  job.spec = outcome.task.spec;
  for (const std::string& warning : outcome.task.warnings) job.not_done.push_back(warning);
  return {};
}

Result<task::SbatchJob> read_job(const SbatchOptions& options, Context& context) {
  task::SbatchInput input;
  TW_ASSIGN_OR_RETURN(input.script, read_script(options, context));
  input.file_name = options.script;
  input.arguments = options.arguments;
  input.command_line = options.given;
  task::SbatchOutcome outcome = task::make_sbatch_job(input, facts_of(context));
  const std::string name = options.script.empty() ? "stdin" : options.script;
  if (!outcome.ok()) {
    Error error = task::as_error(outcome.errors, name);
    // For people each error stands under its line, ready to print.
    if (!context.json) error = {error.code, task::render(outcome.errors, name, input.script), ""};
    return error;
  }
  TW_RETURN_IF_ERROR(settle(outcome.job, context));
  if (!outcome.job.not_done.empty())
    print_warning(context, "not acted on: " + join(outcome.job.not_done, "; "));
  return std::move(outcome.job);
}

// The whole notation is kept short: "0, 1, 2 … 15".
std::string indexes_text(const task::SlurmArray& array) {
  std::vector<std::string> texts;
  for (const std::uint32_t index : array.indexes) texts.push_back(std::to_string(index));
  if (texts.size() <= 8) return join(texts, ", ");
  return texts[0] + ", " + texts[1] + ", " + texts[2] + " … " + texts.back();
}

ExitCode print_task(const task::SbatchJob& job, Context& context) {
  const std::string yaml = task::to_yaml(job.spec);
  if (context.json) {
    print_json(context, json::object{{"task", yaml}, {"not_acted_on", to_json(job.not_done)}});
    return ExitCode::done;
  }
  if (job.array) {
    context.out << "# One of an array: --env SLURM_ARRAY_TASK_ID=N makes it one of "
                << indexes_text(*job.array) << ".\n";
  }
  context.out << yaml;
  return ExitCode::done;
}

Result<std::string> submit(ApiClient& client, const JobSpec& spec) {
  TW_ASSIGN_OR_RETURN(const json::value answer,
                      client.post("/v1/jobs", json::object{{"spec", to_json(spec)}}));
  JsonReader reader(answer, "answer");
  std::string job = reader.text("job");
  TW_RETURN_IF_ERROR(reader.status());
  return job;
}

BatchElement element_at(const task::SbatchJob& job, std::string id, const std::string& first,
                        std::optional<std::uint32_t> index, const std::string& user) {
  BatchElement element;
  element.file = task::slurm_file_name(job.output, {id, first, index, job.slurm_name, user});
  element.job = std::move(id);
  element.index = index;
  return element;
}

// An array is submitted whole or not at all: what was submitted of it before an error is cancelled.
Result<std::vector<BatchElement>> submit_all(ApiClient& client, const task::SbatchJob& job,
                                             Context& context) {
  const std::string user = user_name(context);
  std::vector<BatchElement> elements;
  if (!job.array) {
    TW_ASSIGN_OR_RETURN(std::string id, submit(client, job.spec));
    elements.push_back(element_at(job, id, id, std::nullopt, user));
    return elements;
  }
  for (const std::uint32_t index : job.array->indexes) {
    const std::string first = elements.empty() ? "" : elements.front().job;
    Result<std::string> id = submit(client, task::element_of(job, index, first));
    if (id.ok()) {
      elements.push_back(element_at(job, *id, first.empty() ? *id : first, index, user));
      continue;
    }
    for (const BatchElement& element : elements) (void)client.post(job_target(element.job, "/cancel"));
    return Error{id.error().code,
                 id.error().message + "; " + count_text(elements.size(), "element") +
                     " of the array that had been submitted were cancelled",
                 id.error().hint};
  }
  return elements;
}

void print_submitted(const task::SbatchJob& job, const std::vector<BatchElement>& elements,
                     Context& context) {
  const std::string& id = elements.front().job;
  context.out << (job.parsable ? "" : "Submitted batch job ") << id << "\n" << std::flush;
  if (job.quiet) return;
  if (job.array) {
    context.err << count_text(elements.size(), "job") << ", " << printable(job.spec.name) << "_"
                << *elements.front().index << " to " << printable(job.spec.name) << "_"
                << *elements.back().index << "; tradewind scancel " << id << " ends all of them\n";
  }
  if (!job.wait)
    context.err << "output: tradewind logs -f " << id << "; --wait writes it to "
                << printable(elements.front().file) << "\n";
}

json::object json_of(const std::vector<BatchElement>& elements, const task::SbatchJob& job) {
  json::array jobs;
  for (const BatchElement& element : elements) {
    jobs.emplace_back(
        json::object{{"job", element.job},
                     {"index", element.index ? json::value(*element.index) : json::value(nullptr)},
                     {"output", element.file}});
  }
  return {{"job", elements.front().job}, {"jobs", std::move(jobs)}, {"not_acted_on", to_json(job.not_done)}};
}

}  // namespace

Result<ExitCode> run_sbatch(const SbatchOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(const task::SbatchJob job, read_job(options, context));
  if (job.print) return print_task(job, context);
  if (job.test_only) return plan_job(job.spec, {}, context);
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(std::vector<BatchElement> elements, submit_all(client, job, context));
  if (!context.json) print_submitted(job, elements, context);
  if (!job.wait) {
    if (context.json) print_json(context, json_of(elements, job));
    return ExitCode::done;
  }
  const json::object document = json_of(elements, job);
  TW_ASSIGN_OR_RETURN(const int code,
                      wait_for_batch(std::move(client), std::move(elements), job.append, context));
  if (context.json) print_json(context, document);
  return static_cast<ExitCode>(code);
}

}  // namespace tradewind::cli
