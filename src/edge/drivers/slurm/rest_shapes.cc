#include "edge/drivers/slurm/rest_shapes.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "edge/drivers/slurm/array_text.h"
#include "edge/drivers/slurm/command_output.h"

namespace tradewind::slurm {
namespace {

constexpr std::string_view version_prefix = "v0.0.";
constexpr const char* script_path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin";

// Members of answers are missing, null or of another type from version to version: each reader has a default.
const json::value* member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

// One member in another: "priority", "tier".
const json::value* member(const json::value& value, std::string_view outer, std::string_view inner) {
  const json::value* found = member(value, outer);
  return found == nullptr ? nullptr : member(*found, inner);
}

std::string text_in(const json::value* found) {
  return found != nullptr && found->is_string() ? std::string(found->get_string().c_str()) : std::string();
}

std::string text_of(const json::value& value, std::string_view name) {
  return text_in(member(value, name));
}

// 7, or {"set": true, "infinite": false, "number": 7}. Nothing where it is not set or without bounds.
std::optional<long long> number_in(const json::value* found) {
  if (found == nullptr) return std::nullopt;
  if (found->is_int64()) return found->get_int64();
  if (found->is_uint64() && found->get_uint64() < (1ULL << 62))
    return static_cast<long long>(found->get_uint64());
  const auto says = [&](std::string_view name) {
    const json::value* flag = member(*found, name);
    return flag != nullptr && flag->is_bool() && flag->get_bool();
  };
  if (!found->is_object() || !says("set") || says("infinite")) return std::nullopt;
  const json::value* number = member(*found, "number");
  return number != nullptr && number->is_object() ? std::nullopt : number_in(number);
}

std::optional<long long> number_of(const json::value& value, std::string_view name) {
  return number_in(member(value, name));
}

// "UP", or ["UP", "DRAIN"].
std::vector<std::string> words_in(const json::value* found) {
  std::vector<std::string> words;
  if (found == nullptr) return words;
  if (found->is_string()) words.emplace_back(found->get_string().c_str());
  if (!found->is_array()) return words;
  for (const json::value& each : found->get_array()) {
    if (each.is_string()) words.emplace_back(each.get_string().c_str());
  }
  return words;
}

bool has_word(const std::vector<std::string>& words, std::string_view wanted) {
  return std::ranges::any_of(words, [&](const std::string& word) { return lower(word) == wanted; });
}

Result<const json::array*> list_of(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  if (found == nullptr || !found->is_array())
    return Error{Code::corrupt, "slurmrestd answered without a list of " + std::string(name)};
  return &found->get_array();
}

std::optional<Time> time_of(const json::value& value, std::string_view name) {
  const long long seconds = number_of(value, name).value_or(0);
  constexpr long long year_10000 = 253'402'300'800;
  if (seconds <= 0 || seconds > year_10000) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

json::value number(long long value, int version) {
  if (version < 39) return value;
  return json::object{{"set", true}, {"infinite", false}, {"number", value}};
}

void add_exclusive(json::object& job, int version) {
  if (version < 39) {
    job["exclusive"] = "true";
  } else if (version == 39) {
    job["exclusive"] = json::array{"true"};
  } else {
    job["shared"] = json::array{"none"};
  }
}

void add_nodes(json::object& job, int nodes, int version) {
  if (version < 39) {
    job["nodes"] = json::array{nodes, nodes};
  } else {
    job["minimum_nodes"] = nodes;
    job["maximum_nodes"] = nodes;
  }
}

void add_warning(json::object& job, Duration lead) {
  job["kill_warning_flags"] = json::array{"BATCH_JOB"};
  job["kill_warning_signal"] = "USR1";
  job["kill_warning_delay"] = number(std::chrono::ceil<std::chrono::seconds>(lead).count(), 39);
}

void add_gres(json::object& job, const std::string& gres, int version) {
  if (gres.empty()) return;
  if (version < 39) job["gres"] = gres;
  if (version == 39) job["tres_per_node"] = "gres:" + gres;
  if (version > 39) job["tres_per_node"] = "gres/" + gres;
}

// An element of an array has its number, those that wait together have "4-9999%8".
std::vector<std::string> ids_of(const json::value& job) {
  const long long id = number_of(job, "job_id").value_or(0);
  const std::string array = std::to_string(number_of(job, "array_job_id").value_or(0));
  if (array == "0") return {std::to_string(id)};
  if (const auto task = number_of(job, "array_task_id")) return {element_id(array, *task)};
  std::vector<std::string> ids;
  const std::string waiting = text_of(job, "array_task_string");
  for (const long index : expand_numbers(waiting)) ids.push_back(element_id(array, index));
  if (waiting.find("...") != std::string::npos) ids.push_back(array + abbreviated);
  if (ids.empty()) ids.push_back(std::to_string(id));
  return ids;
}

// The first word is the state, the others are what goes on with it.
void read_state(const json::value& from, Job& job) {
  const std::vector<std::string> words = words_in(member(from, "job_state"));
  if (!words.empty()) job.word = words.front();
  job.state = has_word(words, "completing") ? JobState::completing : job_state_from_word(job.word);
}

Node node_from(const json::value& from) {
  Node node;
  node.name = text_of(from, "name");
  node.cpus = static_cast<int>(number_of(from, "cpus").value_or(0));
  node.memory_mib = number_of(from, "real_memory").value_or(0);
  node.gpus = parse_gpus(text_of(from, "gres"));
  std::vector<std::string> words = words_in(member(from, "state"));
  for (std::string& word : words_in(member(from, "state_flags"))) words.push_back(std::move(word));
  for (const char* bad : {"down", "drain", "fail", "error"}) {
    if (has_word(words, bad)) node.usable = false;
  }
  return node;
}

Partition partition_from(const json::value& from) {
  Partition partition;
  partition.name = text_of(from, "name");
  // v0.0.36 and v0.0.39 do not say it.
  std::vector<std::string> state = words_in(member(from, "state"));
  if (state.empty()) state = words_in(member(from, "partition", "state"));
  partition.state = state.empty() ? "UP" : state.front();
  std::optional<long long> most = number_of(from, "maximum_nodes_per_job");
  if (!most) most = number_in(member(from, "maximums", "nodes"));
  if (most && *most > 0 && *most < 1'000'000'000) partition.max_nodes = static_cast<int>(*most);
  std::optional<long long> minutes = number_of(from, "max_time_limit");
  if (!minutes) minutes = number_in(member(from, "maximums", "time"));
  if (minutes && *minutes > 0 && *minutes < 1'000'000'000)
    partition.max_time = std::chrono::minutes(*minutes);
  const std::optional<long long> tier = number_of(from, "priority_tier");
  partition.tier = static_cast<int>(tier ? *tier : number_in(member(from, "priority", "tier")).value_or(1));
  // From v0.0.39 on nothing says whether its jobs are preempted.
  const std::vector<std::string> mode = words_in(member(from, "preemption_mode"));
  partition.preempt = has_word(mode, "requeue") || has_word(mode, "cancel");
  const std::optional<long long> grace = number_of(from, "preemption_grace_time");
  partition.grace = std::chrono::seconds(grace ? *grace : number_of(from, "grace_time").value_or(0));
  return partition;
}

}  // namespace

std::string rest_version_text(int version) {
  return std::string(version_prefix) + std::to_string(version);
}

std::optional<int> rest_version_from(std::string_view text) {
  for (int version = oldest_rest_version; version <= newest_rest_version; ++version) {
    if (text == rest_version_text(version)) return version;
  }
  return std::nullopt;
}

json::object submit_body(const SubmitRequest& request, int version) {
  json::object job = {{"name", request.name},
                      {"comment", request.comment},
                      {"partition", request.partition},
                      {"current_working_directory", request.folder},
                      {version == 36 ? "standard_out" : "standard_output", request.output},
                      {"requeue", false},
                      {"tasks", request.nodes},
                      {"cpus_per_task", request.cpus}};
  if (request.nodes > 1) add_nodes(job, request.nodes, version);
  if (version < 39) {
    job["open_mode"] = "append";
    job["environment"] = json::object{{"PATH", script_path}};
  } else {
    job["open_mode"] = json::array{"APPEND"};
    job["environment"] = json::array{std::string("PATH=") + script_path};
  }
  const auto add_if = [&job](std::string_view name, const std::string& value) {
    if (!value.empty()) job[name] = value;
  };
  if (request.memory_mib > 0) job["memory_per_node"] = number(request.memory_mib, version);
  add_if("array", request.array);
  add_gres(job, request.gres, version);
  add_if("account", request.account);
  add_if("qos", request.qos);
  add_if("reservation", request.reservation);
  add_if("constraints", request.constraint);
  if (request.exclusive) add_exclusive(job, version);
  if (request.time_limit > Duration(0)) {
    const long long minutes = std::chrono::ceil<std::chrono::minutes>(request.time_limit).count();
    job["time_limit"] = number(std::max(minutes, 1LL), version);
  }
  // Where it cannot be asked for the script looks at the time limit by itself, and a preemption is told by
  // TERM alone.
  if (rest_signals(version) && request.notice_lead > Duration(0)) add_warning(job, request.notice_lead);
  if (version < 40) return {{"script", request.script}, {"job", std::move(job)}};
  job["script"] = request.script;
  return {{"job", std::move(job)}};
}

json::object cancel_body(const std::vector<std::string>& ids) {
  json::array jobs;
  for (const std::string& id : ids) jobs.emplace_back(id);
  return {{"jobs", std::move(jobs)}};
}

std::optional<long long> submitted_job(const json::value& answer) {
  return number_of(answer, "job_id");
}

Result<const json::array*> listed_jobs(const json::value& answer) {
  return list_of(answer, "jobs");
}

std::string owner_name(const json::value& job) {
  return text_of(job, "user_name");
}

std::optional<long long> owner_id(const json::value& job) {
  return number_of(job, "user_id");
}

Result<std::vector<Job>> jobs_from_rest(const json::value& answer) {
  TW_ASSIGN_OR_RETURN(const json::array* listed, listed_jobs(answer));
  std::vector<Job> jobs;
  for (const json::value& each : *listed) {
    Job job;
    read_state(each, job);
    job.reason = text_of(each, "state_reason");
    if (job.reason == "None") job.reason.clear();
    job.name = text_of(each, "name");
    job.comment = text_of(each, "comment");
    job.partition = text_of(each, "partition");
    job.started = time_of(each, "start_time");
    job.ended = time_of(each, "end_time");
    for (std::string& id : ids_of(each)) {
      job.id = std::move(id);
      jobs.push_back(job);
    }
  }
  return jobs;
}

Result<std::vector<Partition>> partitions_from_rest(const json::value& partitions, const json::value& nodes) {
  TW_ASSIGN_OR_RETURN(const json::array* listed, list_of(partitions, "partitions"));
  TW_ASSIGN_OR_RETURN(const json::array* all_nodes, list_of(nodes, "nodes"));
  std::vector<Partition> answer;
  for (const json::value& each : *listed) {
    Partition partition = partition_from(each);
    std::string configured = text_of(each, "nodes");
    if (configured.empty()) configured = text_in(member(each, "nodes", "configured"));
    const std::vector<std::string> hosts = expand_hostlist(configured);
    const std::set<std::string> names(hosts.begin(), hosts.end());
    for (const json::value& one : *all_nodes) {
      if (names.contains(text_of(one, "name"))) partition.nodes.push_back(node_from(one));
    }
    answer.push_back(std::move(partition));
  }
  return answer;
}

std::string words_of_errors(const json::value& answer) {
  std::string words;
  const json::value* errors = member(answer, "errors");
  if (errors == nullptr || !errors->is_array()) return words;
  for (const json::value& each : errors->get_array()) {
    for (const char* name : {"description", "error"}) {
      const std::string text = text_of(each, name);
      if (!text.empty() && words.find(text) == std::string::npos) words += text + "\n";
    }
  }
  return words;
}

}  // namespace tradewind::slurm
