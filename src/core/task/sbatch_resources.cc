// What sbatch's options ask of a node: cores, memory, GPUs, disk.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "core/model/job_environment.h"
#include "core/task/sbatch_job.h"
#include "core/task/sbatch_reader.h"

namespace tradewind::task {
namespace {

constexpr int count_max = 100'000;
constexpr std::int64_t cpus_max = 1'000'000;  // of a node; more is a slip
constexpr std::int64_t gpus_max = 10'000;

// Of the job and of each node, as far as it was said.
struct Shape {
  int nodes = 1;
  int tasks_per_node = 1;
  int cpus_per_task = 1;
  std::string gpu_type;                    // empty: any
  std::int64_t gpus = 0;                   // of a node
  const SbatchGiven* gpus_said = nullptr;  // by this
  bool cpus_said = false;
  std::int64_t cpus = 1;  // of a node
};

int share(int count, int nodes) {
  return (count + nodes - 1) / nodes;
}

std::optional<int> count_of(SbatchReader& reader, std::string_view name) {
  return reader.value(name, [](std::string_view text) { return parse_slurm_count(text, count_max); });
}

void read_tasks(SbatchReader& reader, Shape& shape, SbatchJob& job) {
  std::map<std::string, std::string>& envs = job.spec.envs;
  shape.nodes = reader.value("nodes", [](std::string_view text) { return parse_slurm_count(text, 10'000); })
                    .value_or(1);
  const auto tasks = count_of(reader, "ntasks");
  const auto per_node = count_of(reader, "ntasks-per-node");
  shape.tasks_per_node = tasks ? share(*tasks, shape.nodes) : per_node.value_or(1);
  const std::int64_t all = tasks ? *tasks : static_cast<std::int64_t>(shape.tasks_per_node) * shape.nodes;
  if (tasks || per_node) envs["SLURM_NTASKS"] = envs["SLURM_NPROCS"] = std::to_string(all);
  if (per_node) envs["SLURM_NTASKS_PER_NODE"] = std::to_string(*per_node);
  const auto cpus = count_of(reader, "cpus-per-task");
  shape.cpus_per_task = cpus.value_or(1);
  if (cpus) envs["SLURM_CPUS_PER_TASK"] = std::to_string(*cpus);
  shape.cpus_said = tasks || per_node || cpus;
  job.spec.num_nodes = shape.nodes;
  if (shape.nodes > 1) envs[std::string(head_only_variable)] = "1";
}

// Several options ask for GPUs: the strongest source says, and where it has several, what each node needs.
void read_gpus(SbatchReader& reader, Shape& shape) {
  const SbatchGiven* given = reader.strongest({"gpus-per-node", "gres", "gpus-per-task", "gpus"});
  if (const auto gres = reader.value("gres", parse_slurm_gres)) {
    for (const std::string& other : gres->others) reader.note("--gres=" + other + " (only gpu is known)");
    if (gres->gpus.count == 0) given = reader.strongest({"gpus-per-node", "gpus-per-task", "gpus"});
    shape.gpu_type = gres->gpus.type;
    shape.gpus = gres->gpus.count;
  }
  shape.gpus_said = given;
  if (given == nullptr || given->option->name == "gres") return;
  const std::string_view name = given->option->name;
  const auto gpus = reader.value(name, parse_slurm_gpus);
  if (!gpus) return;
  shape.gpu_type = gpus->type;
  shape.gpus = name == "gpus" ? share(gpus->count, shape.nodes) : gpus->count;
  if (name == "gpus-per-task") shape.gpus *= shape.tasks_per_node;
}

void ask_for_gpus(SbatchReader& reader, const SbatchFacts& facts, const Shape& shape, SbatchJob& job) {
  if (shape.gpus == 0 || shape.gpus_said == nullptr) return;
  if (shape.gpus > gpus_max) {
    return reader.error(*shape.gpus_said, "no node has " + std::to_string(shape.gpus) + " GPUs", "");
  }
  std::vector<AcceleratorRequest>& wanted = job.spec.resources.accelerators;
  const auto count = static_cast<double>(shape.gpus);
  job.spec.envs["SLURM_GPUS"] = std::to_string(shape.gpus * shape.nodes);
  if (shape.gpu_type.empty()) {
    for (const std::string& model : facts.any_gpu) wanted.push_back({model, count});
    return;
  }
  const Result<std::string> model = facts.accelerator ? facts.accelerator(shape.gpu_type) : shape.gpu_type;
  if (model.ok()) {
    wanted.push_back({*model, count});
    return;
  }
  reader.error(*shape.gpus_said,
               "'" + shape.gpu_type + "' is no GPU that is known: it is a name of that cluster's own",
               model.error().hint.empty()
                   ? "tradewind offers --group accelerator lists them; without a type any GPU will do"
                   : model.error().hint);
}

void ask_for_cpus(SbatchReader& reader, Shape& shape, SbatchJob& job) {
  shape.cpus = static_cast<std::int64_t>(shape.tasks_per_node) * shape.cpus_per_task;
  if (const auto per_gpu = count_of(reader, "cpus-per-gpu")) {
    shape.cpus = std::max(shape.cpus, *per_gpu * shape.gpus);
    shape.cpus_said = shape.cpus_said || shape.gpus > 0;
  }
  if (const auto least = count_of(reader, "mincpus")) {
    shape.cpus = std::max<std::int64_t>(shape.cpus, *least);
    shape.cpus_said = true;
  }
  const SbatchGiven* said =
      reader.strongest({"ntasks", "cpus-per-task", "cpus-per-gpu", "mincpus", "ntasks-per-node"});
  if (said != nullptr && shape.cpus > cpus_max) {
    return reader.error(*said, "no node has " + std::to_string(shape.cpus) + " cores", "");
  }
  if (shape.cpus_said) job.spec.resources.cpus = AmountRequest{static_cast<double>(shape.cpus), true};
}

void ask_for_memory(SbatchReader& reader, const Shape& shape, SbatchJob& job) {
  const SbatchGiven* given = reader.strongest({"mem", "mem-per-cpu", "mem-per-gpu"});
  if (given == nullptr) return;
  for (const std::string_view other : {"mem", "mem-per-cpu", "mem-per-gpu"}) {
    const SbatchGiven* second = reader.last(other);
    if (second == nullptr || second->option == given->option) continue;
    if (second->source == given->source) {
      return reader.error(*second, "--mem, --mem-per-cpu and --mem-per-gpu are mutually exclusive",
                          "keep one");
    }
  }
  const std::string_view name = given->option->name;
  const auto size = reader.value(name, parse_slurm_memory);
  if (!size) return;
  if (*size == 0) return reader.not_done(name, "all memory of a node is not asked for, but a size");
  double gib = *size;
  std::string variable = "SLURM_MEM_PER_NODE";
  if (name == "mem-per-cpu") {
    gib *= static_cast<double>(shape.cpus);
    variable = "SLURM_MEM_PER_CPU";
  } else if (name == "mem-per-gpu") {
    gib *= static_cast<double>(std::max<std::int64_t>(shape.gpus, 1));
    variable = "SLURM_MEM_PER_GPU";
  }
  job.spec.resources.memory_gib = AmountRequest{gib, true};
  job.spec.envs[variable] = std::to_string(std::llround(*size * 1024));
}

}  // namespace

void read_sbatch_resources(SbatchReader& reader, const SbatchFacts& facts, SbatchJob& job) {
  Shape shape;
  read_tasks(reader, shape, job);
  read_gpus(reader, shape);
  ask_for_gpus(reader, facts, shape, job);
  ask_for_cpus(reader, shape, job);
  ask_for_memory(reader, shape, job);
  if (const auto disk = reader.value("tmp", parse_slurm_memory)) {
    job.spec.resources.disk_size_gb = static_cast<int>(std::min(std::ceil(*disk), 1e6));
  }
}

}  // namespace tradewind::task
