// JobSpec to YAML: the way back of the parser.
#include <charconv>

#include "core/task/task_file.h"
#include "core/task/yaml_writer.h"

namespace tradewind::task {
namespace {

// "8", "0.5": without an exponent, whose '+' would read as "or more". number_of() reads the same double back.
std::string number_text(double value) {
  std::string text(400, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

json::value number(double value) {
  constexpr double whole_max = 1e15;
  if (value > -whole_max && value < whole_max &&
      value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

std::string span_text(Duration span) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  for (const Unit unit : {Unit{86'400'000, "d"}, Unit{3'600'000, "h"}, Unit{60'000, "m"}, Unit{1000, "s"}}) {
    if (span.count() % unit.ms == 0) return std::to_string(span.count() / unit.ms) + unit.name;
  }
  return std::to_string(span.count()) + "ms";
}

std::string money_text(Money money) {
  return money.decimal() + " " + money.currency().text();
}

json::value amount(const AmountRequest& wanted) {
  if (!wanted.or_more) return number(wanted.amount);
  return json::value(number_text(wanted.amount) + "+");
}

// One text alone, several as a list.
json::value one_or_list(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return json::value(texts.front());
  return to_json(texts);
}

json::value locations(const std::vector<Location>& places) {
  std::vector<std::string> texts;
  texts.reserve(places.size());
  for (const Location& place : places) texts.push_back(to_text(place));
  return one_or_list(texts);
}

template <class T>
json::object mapping(const std::map<std::string, T>& map) {
  json::object object;
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

json::value accelerators(const std::vector<AcceleratorRequest>& wanted) {
  std::vector<std::string> texts;
  texts.reserve(wanted.size());
  for (const AcceleratorRequest& one : wanted) {
    texts.push_back(one.count == 1 ? one.model : one.model + ":" + number_text(one.count));
  }
  return one_or_list(texts);
}

// What JobSpec's own members cannot hold stands in `kept` alone. Puts back what lies directly under `prefix`.
void put_back_kept(json::object& section, const json::object& kept, const std::string& prefix) {
  for (const auto& member : kept) {
    const std::string path(member.key());
    if (path.rfind(prefix, 0) != 0) continue;
    const std::string name = path.substr(prefix.size());
    if (name.find_first_of(".[") != std::string::npos) continue;
    // A mapping of mounts may hold buckets, one of outputs sizes: the members hold less.
    const bool is_fuller = name == "file_mounts" || name == "outputs";
    if (is_fuller || !section.contains(name)) section[name] = member.value();
  }
}

json::object resources(const ResourceRequest& request, const json::object& kept, const std::string& path) {
  json::object out;
  if (!request.accelerators.empty()) out["accelerators"] = accelerators(request.accelerators);
  if (!request.infra.empty()) out["infra"] = locations(request.infra);
  if (!request.instance_type.empty()) out["instance_type"] = request.instance_type;
  if (request.cpus) out["cpus"] = amount(*request.cpus);
  if (request.memory_gib) out["memory"] = amount(*request.memory_gib);
  if (request.use_spot) out["use_spot"] = *request.use_spot;
  if (request.max_hourly_cost) out["max_hourly_cost"] = money_text(*request.max_hourly_cost);
  if (request.disk_size_gb != 0) out["disk_size"] = request.disk_size_gb;
  if (!request.ports.empty()) out["ports"] = to_json(request.ports);
  if (!request.labels.empty()) out["labels"] = mapping(request.labels);
  json::object recovery;
  put_back_kept(recovery, kept, path + ".job_recovery.");
  if (request.max_restarts_on_errors != 0) {
    recovery["max_restarts_on_errors"] = request.max_restarts_on_errors;
  }
  if (!recovery.empty()) out["job_recovery"] = recovery;
  put_back_kept(out, kept, path + ".");
  const auto add_list = [&](const char* name, const std::vector<ResourceRequest>& alternatives) {
    json::array list;
    for (const ResourceRequest& alternative : alternatives) {
      const std::string item_path = path + "." + name + "[" + std::to_string(list.size()) + "]";
      list.emplace_back(resources(alternative, kept, item_path));
    }
    if (!list.empty()) out[name] = std::move(list);
  };
  add_list("any_of", request.any_of);
  add_list("ordered", request.ordered);
  return out;
}

json::object work(const WorkRequest& request) {
  json::object out;
  if (request.unit != WorkRequest{}.unit) out["unit"] = request.unit;
  if (request.total != 0) out["total"] = number(request.total);
  json::object rates;
  for (const auto& [model, rate] : request.rate_per_s) rates[model] = number(rate);
  if (!rates.empty()) out["rate"] = std::move(rates);
  return out;
}

json::object checkpoint(const CheckpointRequest& request) {
  json::object out;
  if (request.path.empty()) return out;
  out["path"] = request.path;
  if (request.interval) out["interval"] = span_text(*request.interval);
  if (!request.signal.empty()) out["signal"] = request.signal;
  if (request.keep != CheckpointRequest{}.keep) out["keep"] = request.keep;
  if (request.keep_hourly > 0) out["keep_hourly"] = request.keep_hourly;
  if (request.keep_daily > 0) out["keep_daily"] = request.keep_daily;
  if (request.keep_best) {
    json::object best{{"metric", request.keep_best->metric}, {"count", request.keep_best->count}};
    if (request.keep_best->highest) best["highest"] = true;
    out["keep_best"] = std::move(best);
  }
  if (!request.stores.empty()) out["stores"] = to_json(request.stores);
  if (request.encrypt) out["encrypt"] = true;
  if (!request.bandwidth.empty()) out["bandwidth"] = request.bandwidth;
  return out;
}

void add_limits(json::object& out, const JobSpec& spec) {
  if (spec.duration) out["duration"] = span_text(*spec.duration);
  if (json::object part = work(spec.work); !part.empty()) out["work"] = std::move(part);
  if (spec.deadline_after) out["deadline"] = span_text(*spec.deadline_after);
  if (spec.deadline_at) out["deadline"] = format_utc(*spec.deadline_at);
  if (spec.budget) out["budget"] = money_text(*spec.budget);
  if (json::object part = checkpoint(spec.checkpoint); !part.empty()) out["checkpoint"] = std::move(part);
  if (!spec.avoid.empty()) out["avoid"] = locations(spec.avoid);
  if (!spec.max_share.empty()) out["max_share"] = mapping(spec.max_share);
  if (spec.priority != 0) out["priority"] = spec.priority;
  if (!spec.policy.empty()) out["policy"] = spec.policy;
  if (spec.waiting_cost) out["waiting_cost"] = money_text(*spec.waiting_cost);
}

json::object file_mounts(const FileMounts& mounts) {
  json::object out;
  for (const auto& [target, mount] : mounts) {
    if (mount.mode == MountMode::copy) {
      out[target] = mount.source;
    } else {
      out[target] = json::object{{"source", mount.source}, {"mode", "MOUNT"}};
    }
  }
  return out;
}

json::object inputs(const JobInputs& wanted) {
  json::object out;
  for (const auto& [name, input] : wanted) {
    if (input.size_gb == 0) {
      out[name] = input.source;
    } else {
      out[name] = json::object{{"source", input.source}, {"size_gb", number(input.size_gb)}};
    }
  }
  return out;
}

json::value outputs(const JobSpec& spec) {
  if (spec.output_copies.empty()) return to_json(spec.outputs);
  json::object out;
  for (const std::string& path : spec.outputs) {
    const auto copy = spec.output_copies.find(path);
    out[path] = copy == spec.output_copies.end() ? json::value(nullptr) : json::value(copy->second);
  }
  return out;
}

void add_data(json::object& out, const JobSpec& spec) {
  if (!spec.file_mounts.empty()) out["file_mounts"] = file_mounts(spec.file_mounts);
  if (!spec.inputs.empty()) out["inputs"] = inputs(spec.inputs);
  if (!spec.outputs.empty()) out["outputs"] = outputs(spec);
}

}  // namespace

std::string to_yaml(const JobSpec& spec) {
  json::object out;
  if (!spec.name.empty()) out["name"] = spec.name;
  if (json::object part = resources(spec.resources, spec.kept, "resources"); !part.empty()) {
    out["resources"] = std::move(part);
  }
  if (spec.num_nodes != 1) out["num_nodes"] = spec.num_nodes;
  if (!spec.workdir.empty()) out["workdir"] = spec.workdir;
  if (!spec.envs.empty()) out["envs"] = mapping(spec.envs);
  if (!spec.secrets.empty()) out["secrets"] = to_json(spec.secrets);
  add_data(out, spec);
  add_limits(out, spec);
  put_back_kept(out, spec.kept, "");
  if (!spec.setup.empty()) out["setup"] = spec.setup;
  if (!spec.run.empty()) out["run"] = spec.run;
  return write_yaml(out);
}

}  // namespace tradewind::task
