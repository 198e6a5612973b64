#include "core/task/task_fields.h"

#include "core/task/field_readers.h"

namespace tradewind::task {
namespace {

constexpr Standing acted_on = Standing::acted_on;
constexpr Standing kept = Standing::kept;
constexpr std::string_view top;
constexpr std::string_view res = "resources";
constexpr std::string_view recovery = "resources.job_recovery";

// One line per field. What is `kept` here moves to `acted_on` with the change that acts on it.
constexpr TaskField fields[] = {
    {top, "name", "text", acted_on, "What people call the job; the file's name when not given.", read_name},
    {top, "resources", "mapping", acted_on, "What one node must have, and where it may be.", read_resources},
    {top, "num_nodes", "integer", acted_on,
     "Number of nodes, all at once: `setup` and `run` run on each of them. More than one on Slurm and "
     "Kubernetes alone.",
     read_num_nodes},
    {top, "workdir", "path", acted_on, "The folder that is copied to the node and in which the commands run.",
     read_workdir},
    {top, "setup", "shell script", acted_on, "Prepares a fresh node, before run.", read_setup},
    {top, "run", "shell script", acted_on, "The job itself.", read_run},
    {top, "envs", "name: text", acted_on, "Environment variables; a null value must be given with --env.",
     read_envs},
    {top, "secrets", "list of names, or name: null", kept,
     "Variables whose values come from the submitter's environment and are never stored.", read_secrets},
    {top, "file_mounts", "path: source", acted_on,
     "Files, folders and buckets that appear on the node before setup.", read_file_mounts},
    {top, "inputs", "name: URL", acted_on, "Data that the job only reads, below $TRADEWIND_INPUTS.",
     read_inputs},
    {top, "outputs", "list of paths, or path: URL", acted_on,
     "Paths that are kept when the job ends, and where they are copied to.", read_outputs},
    {top, "service", "mapping", kept, "Serving: readiness probe, replicas, load balancing.", read_any_map},
    {top, "config", "mapping", kept, "Settings of the control plane for this job alone.", read_any_map},
    {top, "volumes", "mapping", kept, "Volumes to attach.", read_any_map},
    {top, "pool", "mapping", kept, "A pool of workers.", read_any_map},
    {top, "event_callback", "shell script", kept, "A command to run when the job's state changes.",
     read_any_value},
    {top, "experimental", "mapping", kept, "Older spelling of config.", read_any_map},
    {top, "duration", "time span", acted_on, "Your own estimate of the running time on what you ask for.",
     read_duration},
    {top, "work", "mapping", acted_on, "How much there is to do, so that time and cost can be planned.",
     read_work},
    {top, "deadline", "time span or time", acted_on,
     "When the job must be done: after submission, or a moment.", read_deadline},
    {top, "budget", "money", acted_on, "The most that the job may cost in all.", read_budget},
    {top, "checkpoint", "path or mapping", acted_on,
     "Where the program saves its state, and how to make it save.", read_checkpoint},
    {top, "avoid", "list of locations", acted_on, "Places never to use.", read_avoid},
    {top, "max_share", "supplier: share", kept, "The largest share of the spend that a supplier may get.",
     read_max_share},
    {top, "priority", "integer", acted_on, "Higher runs first; 0 when not given.", read_priority},
    {top, "policy", "name", acted_on,
     "Which policy decides between spot, on-demand and waiting; tradewind when not given.", read_policy},
    {top, "waiting_cost", "money per hour", acted_on,
     "What an hour less until the end is worth to you: 3 USD.", read_waiting_cost},

    {res, "accelerators", "H100, H100:8, mapping or list", acted_on,
     "Accelerators of one node; any one of several.", read_accelerators},
    {res, "gpus", "as accelerators", acted_on, "Another word for accelerators.", read_accelerators},
    {res, "infra", "location or list", acted_on, "Where it may run: aws, aws/us-east-1, local/zone-a.",
     read_infra},
    {res, "cloud", "text", acted_on, "The supplier, when infra is not given.", read_cloud},
    {res, "region", "text", acted_on, "The region within cloud.", read_region},
    {res, "zone", "text", acted_on, "The zone within region.", read_zone},
    {res, "instance_type", "text", acted_on, "One instance type by its supplier's name.", read_instance_type},
    {res, "cpus", "number, or number+", acted_on, "Virtual CPUs of one node.", read_cpus},
    {res, "memory", "GiB, or GiB+", acted_on, "Main memory of one node.", read_memory},
    {res, "use_spot", "boolean", acted_on,
     "true: spot only; false: on-demand only; not given: whatever is cheapest.", read_use_spot},
    {res, "max_hourly_cost", "money", acted_on, "The most that one node may cost an hour.",
     read_max_hourly_cost},
    {res, "disk_size", "GB", kept, "Size of the node's disk.", read_disk_size},
    {res, "ports", "port, range or list", kept, "Ports to open.", read_ports},
    {res, "labels", "name: text", kept, "Labels for what is rented.", read_labels},
    {res, "job_recovery", "strategy or mapping", acted_on,
     "What to do when a node is lost or the program fails.", read_job_recovery},
    {res, "any_of", "list of resources", acted_on,
     "Alternatives, the cheapest of which is taken; each inherits what stands outside.", read_any_of},
    {res, "ordered", "list of resources", acted_on,
     "Alternatives, the first of which that can be had is taken.", read_ordered},
    {res, "accelerator_args", "mapping", kept, "Settings of a TPU.", read_any_map},
    {res, "volumes", "list", kept, "Disks to attach.", read_any_value},
    {res, "local_disk", "text", kept, "Disks inside the machine.", read_any_value},
    {res, "priority_class", "text", kept, "The cluster scheduler's class of priority.", read_any_value},
    {res, "hooks", "list", kept, "Scripts around stop and preemption.", read_any_value},
    {res, "disk_tier", "text", kept, "Speed of the disk.", read_any_value},
    {res, "network_tier", "text", kept, "Speed of the network.", read_any_value},
    {res, "image_id", "text or mapping", kept, "The machine or container image.", read_any_value},
    {res, "autostop", "any", kept, "When an idle cluster stops.", read_any_value},
    {res, "priority", "integer", kept, "Older place of priority.", read_any_value},

    {recovery, "strategy", "text", kept, "Where to look first after a loss; the planner decides by cost.",
     read_strategy},
    {recovery, "max_restarts_on_errors", "integer", acted_on,
     "How often the job is run again after its own failure.", read_max_restarts},
    {recovery, "recover_on_exit_codes", "list of integers", kept,
     "Exit codes after which the job is run again.", read_any_value},

    {"work", "unit", "text", acted_on, "What is counted, in the singular: step, token, image.",
     read_work_unit},
    {"work", "total", "number", acted_on, "How many of them there are to do.", read_work_total},
    {"work", "rate", "number per second, or accelerator: number", acted_on,
     "How many are done in a second; by accelerator, or cpu.", read_work_rate},

    {"checkpoint", "path", "path", acted_on, "The folder that holds the program's state.",
     read_checkpoint_path},
    {"checkpoint", "interval", "auto or time span", acted_on,
     "How often to save; auto weighs the cost of saving against the risk of loss.", read_checkpoint_interval},
    {"checkpoint", "signal", "signal", acted_on, "The signal that makes the program save, such as SIGUSR1.",
     read_checkpoint_signal},
    {"checkpoint", "keep", "integer", acted_on, "How many of the newest checkpoints are kept.",
     read_checkpoint_keep},
    {"checkpoint", "keep_hourly", "integer", acted_on,
     "Of how many of the last hours that have checkpoints the newest is kept, too.",
     read_checkpoint_keep_hourly},
    {"checkpoint", "keep_daily", "integer", acted_on, "The same of days.", read_checkpoint_keep_daily},
    {"checkpoint", "keep_best", "metric, count, highest", acted_on,
     "How many with the lowest value of a metric that the program reports are kept, too; with `highest: "
     "true`, the highest.",
     read_checkpoint_keep_best},
    {"checkpoint", "stores", "list of texts", acted_on,
     "Where copies go: zones (`local/harbour`) or URLs of stores; the first also holds the ledger.",
     read_checkpoint_stores},
    {"checkpoint", "encrypt", "true or false", acted_on,
     "Encrypt all that the job has in its stores, by the key that the server was started with.",
     read_checkpoint_encrypt},
    {"checkpoint", "bandwidth", "rate, or times and rates, or @FILE", acted_on,
     "How much of the network saves may take while the program runs: `20MiB/s`, `08:00,2M 19:00,off`, or "
     "`@/run/limit`, a file on the node.",
     read_checkpoint_bandwidth},
};

}  // namespace

std::span<const TaskField> task_fields() {
  return fields;
}

const TaskField* find_field(std::string_view section, std::string_view name) {
  for (const TaskField& field : fields) {
    if (field.section == section && field.name == name) return &field;
  }
  return nullptr;
}

std::string path_of(const TaskField& field) {
  return field.section.empty() ? std::string(field.name)
                               : std::string(field.section) + "." + std::string(field.name);
}

}  // namespace tradewind::task
