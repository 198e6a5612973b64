// How each field of a task file is read into a JobSpec. Only task_fields.cc, which puts these into the table,
// and the parser itself include this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/job.h"
#include "core/task/reading.h"
#include "core/task/task_file.h"

namespace tradewind::task {

struct FieldContext {
  Reading& reading;
  ParsedTask& task;
  const TaskOptions& options;
  ResourceRequest* resources = nullptr;  // the one that is being read: the outer, or an alternative
  Location place = {};                   // cloud, region and zone, until the section is whole
};

// A member of a section. One that an alternative inherits keeps the path of where it stands.
struct SectionMember {
  const YamlNode* key;
  const YamlNode* value;
  std::string path;
};
std::vector<SectionMember> members_of(const YamlNode& map, const std::string& path);
// Reads the members by the table and in its order, so that `work` may rely on `resources`. Unknown names are
// errors; a null value counts as not given.
void read_section(FieldContext& context, std::string_view section, const std::vector<SectionMember>& members);
// Notes that the value is kept but not acted on.
void keep(FieldContext& context, const std::string& path, json::value value);

// Why an environment variable cannot have this name; nothing when it can.
std::optional<std::string> variable_problem(std::string_view name);

// The signature that the table wants; `path` is the value's place in the file.
using ReadField = void(FieldContext& context, const YamlNode& value, const std::string& path);

// job_fields.cc
ReadField read_name, read_num_nodes, read_workdir, read_setup, read_run, read_envs, read_secrets,
    read_duration, read_work, read_deadline, read_budget, read_checkpoint, read_avoid, read_max_share,
    read_priority, read_policy, read_waiting_cost, read_any_value, read_any_map;
ReadField read_work_unit, read_work_total, read_work_rate;
ReadField read_checkpoint_path, read_checkpoint_interval, read_checkpoint_signal, read_checkpoint_keep,
    read_checkpoint_keep_hourly, read_checkpoint_keep_daily, read_checkpoint_keep_best,
    read_checkpoint_stores, read_checkpoint_encrypt, read_checkpoint_bandwidth;
// data_fields.cc
ReadField read_file_mounts, read_inputs, read_outputs;
// resource_fields.cc
ReadField read_resources, read_accelerators, read_infra, read_cloud, read_region, read_zone,
    read_instance_type, read_cpus, read_memory, read_use_spot, read_max_hourly_cost, read_disk_size,
    read_ports, read_labels, read_job_recovery, read_strategy, read_max_restarts, read_any_of, read_ordered;

}  // namespace tradewind::task
