#include "core/model/job_environment.h"

#include <cmath>

#include "base/text.h"

namespace tradewind {
namespace {

using Variables = std::map<std::string, std::string>;

std::string whole_gpus(const RunPlace& place) {
  if (!place.accelerator) return "0";
  return std::to_string(std::lround(std::ceil(place.accelerator->count)));
}

void set_unless_empty(Variables& variables, const std::string& name, const std::string& value) {
  if (!value.empty()) variables[name] = value;
}

void add_own_names(Variables& variables, const JobSpec& spec, const RunPlace& place) {
  variables["TRADEWIND_JOB_ID"] = place.job.text();
  set_unless_empty(variables, "TRADEWIND_JOB_NAME", spec.name);
  variables["TRADEWIND_LEASE_ID"] = place.lease.text();
  variables["TRADEWIND_EPOCH"] = std::to_string(place.epoch);
  variables["TRADEWIND_ATTEMPT"] = std::to_string(place.attempt);
  variables["TRADEWIND_LOCATION"] = to_text(place.location);
  variables["TRADEWIND_PURCHASE"] = std::string(to_text(place.purchase));
  variables["TRADEWIND_RESTORED"] = place.restored ? "1" : "0";
  set_unless_empty(variables, "TRADEWIND_CHECKPOINT_DIR", place.checkpoint_dir);
  set_unless_empty(variables, "TRADEWIND_OUTPUT_DIR", place.output_dir);
  set_unless_empty(variables, "TRADEWIND_INPUTS", place.inputs_dir);
  set_unless_empty(variables, "TRADEWIND_PROGRESS", place.progress);
  if (place.accelerator) variables["TRADEWIND_ACCELERATOR"] = place.accelerator->model;
}

void add_meeting(Variables& variables, const JobSpec& spec, const RunPlace& place) {
  const std::string nodes = std::to_string(place.node_ips.size());
  const auto port = spec.envs.find("MASTER_PORT");
  const std::map<std::string, std::string> meeting = {
      {"MASTER_ADDR", place.node_ips.front()},
      {"MASTER_PORT", port != spec.envs.end() ? port->second : std::to_string(place.master_port)},
      {"WORLD_SIZE", nodes},
      {"NNODES", nodes}};
  for (const auto& [name, value] : meeting) variables[name] = variables["TRADEWIND_" + name] = value;
  set_rank(variables, place.node_rank);
}

}  // namespace

bool runs_on_head_only(const JobSpec& spec) {
  return spec.envs.contains(std::string(head_only_variable));
}

void set_rank(Variables& variables, int rank) {
  for (const char* name : {"RANK", "NODE_RANK", "TRADEWIND_RANK", "TRADEWIND_NODE_RANK", "SKYPILOT_NODE_RANK",
                           "SKYPILOT_SETUP_NODE_RANK"})
    variables[name] = std::to_string(rank);
}

std::map<std::string, std::string> job_environment(const JobSpec& spec, const RunPlace& place) {
  Variables variables = spec.envs;
  add_own_names(variables, spec, place);
  const std::string rank = std::to_string(place.node_rank);
  const std::string ips = join(place.node_ips, "\n");
  for (const std::string prefix : {"TRADEWIND_", "SKYPILOT_", "SKYPILOT_SETUP_"}) {
    variables[prefix + "NODE_RANK"] = rank;
    variables[prefix + "NODE_IPS"] = ips;
    variables[prefix + "NUM_GPUS_PER_NODE"] = whole_gpus(place);
  }
  variables["TRADEWIND_NUM_NODES"] = variables["SKYPILOT_NUM_NODES"] = std::to_string(spec.num_nodes);
  if (place.node_ips.size() > 1 && !runs_on_head_only(spec)) add_meeting(variables, spec, place);
  variables["SKYPILOT_TASK_ID"] = place.job.text();
  return variables;
}

}  // namespace tradewind
