#include "core/model/job.h"

#include <set>

namespace tradewind {
namespace {

template <class T, class F>
json::array list_to_json(const std::vector<T>& items, F&& convert) {
  json::array array;
  for (const T& item : items) array.emplace_back(convert(item));
  return array;
}

template <class T>
json::object map_to_json(const std::map<std::string, T>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

json::value amount_to_json(const std::optional<AmountRequest>& amount) {
  if (!amount) return nullptr;
  return json::object{{"amount", amount->amount}, {"or_more", amount->or_more}};
}

std::optional<AmountRequest> read_amount(JsonReader& reader, std::string_view key) {
  const json::value* value = reader.optional(key);
  if (value == nullptr) return std::nullopt;
  JsonReader inner(*value, reader.path_of(key));
  const AmountRequest amount{inner.number("amount"), inner.boolean_or("or_more", false)};
  reader.merge(inner.status());
  return amount;
}

std::vector<Location> read_locations(JsonReader& reader, std::string_view key) {
  std::vector<Location> locations;
  for (const std::string& text : reader.texts_or_empty(key)) {
    Result<Location> location = parse_location(text);
    if (!location.ok()) {
      reader.fail(key, "holds '" + text + "', which is not a location");
      break;
    }
    locations.push_back(*std::move(location));
  }
  return locations;
}

std::map<std::string, std::string> read_texts(JsonReader& reader, std::string_view key) {
  std::map<std::string, std::string> texts;
  const json::value* value = reader.optional(key);
  if (value == nullptr) return texts;
  JsonReader inner(*value, reader.path_of(key));
  if (value->is_object()) {
    for (const auto& member : value->get_object()) texts[member.key()] = inner.text(member.key());
  }
  reader.merge(inner.status());
  return texts;
}

std::map<std::string, double> read_numbers(JsonReader& reader, std::string_view key) {
  std::map<std::string, double> numbers;
  const json::value* value = reader.optional(key);
  if (value == nullptr) return numbers;
  JsonReader inner(*value, reader.path_of(key));
  if (value->is_object()) {
    for (const auto& member : value->get_object()) numbers[member.key()] = inner.number(member.key());
  }
  reader.merge(inner.status());
  return numbers;
}

std::vector<ResourceRequest> read_alternatives(JsonReader& reader, std::string_view key) {
  std::vector<ResourceRequest> alternatives;
  if (!reader.has(key)) return alternatives;
  std::size_t index = 0;
  for (const json::value& element : reader.array(key)) {
    Result<ResourceRequest> request =
        resource_request_from_json(element, reader.path_of(key) + "[" + std::to_string(index++) + "]");
    if (!request.ok()) {
      reader.merge(Status(request.error()));
      break;
    }
    alternatives.push_back(*std::move(request));
  }
  return alternatives;
}

std::string location_text(const Location& location) {
  return to_text(location);
}

json::value keep_best_to_json(const KeepBest& best) {
  return json::object{{"metric", best.metric}, {"count", best.count}, {"highest", best.highest}};
}

std::optional<KeepBest> read_keep_best(JsonReader& reader) {
  const json::value* value = reader.optional("keep_best");
  if (value == nullptr) return std::nullopt;
  JsonReader inner(*value, reader.path_of("keep_best"));
  KeepBest best;
  best.metric = inner.text("metric");
  best.count = static_cast<int>(inner.integer_or("count", 1));
  best.highest = inner.boolean_or("highest", false);
  reader.merge(inner.status());
  return best;
}

json::value checkpoint_to_json(const CheckpointRequest& checkpoint) {
  json::object object{
      {"path", checkpoint.path},
      {"interval_s", to_json(checkpoint.interval)},
      {"signal", checkpoint.signal},
      {"keep", checkpoint.keep},
      {"keep_hourly", checkpoint.keep_hourly},
      {"keep_daily", checkpoint.keep_daily},
      {"keep_best", checkpoint.keep_best ? keep_best_to_json(*checkpoint.keep_best) : json::value()},
      {"stores", to_json(checkpoint.stores)},
      {"encrypt", checkpoint.encrypt}};
  // Left out where it is not set: a spec that was written before there was such a field reads the same.
  if (!checkpoint.bandwidth.empty()) object["bandwidth"] = checkpoint.bandwidth;
  return object;
}

CheckpointRequest read_checkpoint(JsonReader& reader) {
  CheckpointRequest checkpoint;
  const json::value* value = reader.optional("checkpoint");
  if (value == nullptr) return checkpoint;
  JsonReader inner(*value, reader.path_of("checkpoint"));
  checkpoint.path = inner.text_or("path", "");
  checkpoint.interval = inner.optional_seconds("interval_s");
  checkpoint.signal = inner.text_or("signal", "");
  checkpoint.keep = static_cast<int>(inner.integer_or("keep", 3));
  checkpoint.keep_hourly = static_cast<int>(inner.integer_or("keep_hourly", 0));
  checkpoint.keep_daily = static_cast<int>(inner.integer_or("keep_daily", 0));
  checkpoint.keep_best = read_keep_best(inner);
  checkpoint.stores = inner.texts_or_empty("stores");
  checkpoint.encrypt = inner.boolean_or("encrypt", false);
  checkpoint.bandwidth = inner.text_or("bandwidth", "");
  reader.merge(inner.status());
  return checkpoint;
}

WorkRequest read_work(JsonReader& reader) {
  WorkRequest work;
  const json::value* value = reader.optional("work");
  if (value == nullptr) return work;
  JsonReader inner(*value, reader.path_of("work"));
  work.unit = inner.text_or("unit", "step");
  work.total = inner.number_or("total", 0);
  work.rate_per_s = read_numbers(inner, "rate_per_s");
  reader.merge(inner.status());
  return work;
}

}  // namespace

std::vector<std::string> data_urls(const JobSpec& spec) {
  std::set<std::string> urls;
  for (const auto& [target, mount] : spec.file_mounts) {
    if (is_url(mount.source)) urls.insert(mount.source);
  }
  for (const auto& [name, input] : spec.inputs) urls.insert(input.source);
  for (const auto& [path, url] : spec.output_copies) urls.insert(url);
  return {urls.begin(), urls.end()};
}

json::value to_json(const ResourceRequest& request) {
  const auto accelerator = [](const AcceleratorRequest& wanted) {
    return json::value(json::object{{"model", wanted.model}, {"count", wanted.count}});
  };
  const auto nested = [](const ResourceRequest& alternative) { return to_json(alternative); };
  return json::object{{"accelerators", list_to_json(request.accelerators, accelerator)},
                      {"infra", list_to_json(request.infra, location_text)},
                      {"instance_type", request.instance_type},
                      {"cpus", amount_to_json(request.cpus)},
                      {"memory_gib", amount_to_json(request.memory_gib)},
                      {"use_spot", request.use_spot ? json::value(*request.use_spot) : json::value(nullptr)},
                      {"max_hourly_cost", to_json(request.max_hourly_cost)},
                      {"disk_size_gb", request.disk_size_gb},
                      {"max_restarts_on_errors", request.max_restarts_on_errors},
                      {"ports", to_json(request.ports)},
                      {"labels", map_to_json(request.labels)},
                      {"any_of", list_to_json(request.any_of, nested)},
                      {"ordered", list_to_json(request.ordered, nested)}};
}

Result<ResourceRequest> resource_request_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ResourceRequest request;
  if (reader.has("accelerators")) {
    for (const json::value& element : reader.array("accelerators")) {
      JsonReader inner(element, reader.path_of("accelerators"));
      request.accelerators.push_back({inner.text("model"), inner.number_or("count", 1)});
      reader.merge(inner.status());
    }
  }
  request.infra = read_locations(reader, "infra");
  request.instance_type = reader.text_or("instance_type", "");
  request.cpus = read_amount(reader, "cpus");
  request.memory_gib = read_amount(reader, "memory_gib");
  if (reader.has("use_spot")) request.use_spot = reader.boolean("use_spot");
  request.max_hourly_cost = reader.optional_money("max_hourly_cost");
  request.disk_size_gb = static_cast<int>(reader.integer_or("disk_size_gb", 0));
  request.max_restarts_on_errors = static_cast<int>(reader.integer_or("max_restarts_on_errors", 0));
  request.ports = reader.texts_or_empty("ports");
  request.labels = read_texts(reader, "labels");
  request.any_of = read_alternatives(reader, "any_of");
  request.ordered = read_alternatives(reader, "ordered");
  TW_RETURN_IF_ERROR(reader.status());
  return request;
}

json::value to_json(const JobSpec& spec) {
  return json::object{{"name", spec.name},
                      {"resources", to_json(spec.resources)},
                      {"num_nodes", spec.num_nodes},
                      {"workdir", spec.workdir},
                      {"setup", spec.setup},
                      {"run", spec.run},
                      {"envs", map_to_json(spec.envs)},
                      {"secrets", to_json(spec.secrets)},
                      {"file_mounts", to_json(spec.file_mounts)},
                      {"inputs", to_json(spec.inputs)},
                      {"outputs", to_json(spec.outputs)},
                      {"output_copies", map_to_json(spec.output_copies)},
                      {"duration_s", to_json(spec.duration)},
                      {"work", json::object{{"unit", spec.work.unit},
                                            {"total", spec.work.total},
                                            {"rate_per_s", map_to_json(spec.work.rate_per_s)}}},
                      {"deadline_after_s", to_json(spec.deadline_after)},
                      {"deadline_at", to_json(spec.deadline_at)},
                      {"budget", to_json(spec.budget)},
                      {"checkpoint", checkpoint_to_json(spec.checkpoint)},
                      {"avoid", list_to_json(spec.avoid, location_text)},
                      {"max_share", map_to_json(spec.max_share)},
                      {"priority", spec.priority},
                      {"policy", spec.policy},
                      {"waiting_cost_per_h", to_json(spec.waiting_cost)},
                      {"kept", spec.kept}};
}

Result<JobSpec> job_spec_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  JobSpec spec;
  spec.name = reader.text_or("name", "");
  if (const json::value* resources = reader.optional("resources")) {
    TW_ASSIGN_OR_RETURN(spec.resources, resource_request_from_json(*resources, reader.path_of("resources")));
  }
  spec.num_nodes = static_cast<int>(reader.integer_or("num_nodes", 1));
  spec.workdir = reader.text_or("workdir", "");
  spec.setup = reader.text_or("setup", "");
  spec.run = reader.text_or("run", "");
  spec.envs = read_texts(reader, "envs");
  spec.secrets = reader.texts_or_empty("secrets");
  if (const json::value* mounts = reader.optional("file_mounts")) {
    TW_ASSIGN_OR_RETURN(spec.file_mounts, file_mounts_from_json(*mounts, reader.path_of("file_mounts")));
  }
  if (const json::value* inputs = reader.optional("inputs")) {
    TW_ASSIGN_OR_RETURN(spec.inputs, job_inputs_from_json(*inputs, reader.path_of("inputs")));
  }
  spec.outputs = reader.texts_or_empty("outputs");
  spec.output_copies = read_texts(reader, "output_copies");
  spec.duration = reader.optional_seconds("duration_s");
  spec.work = read_work(reader);
  spec.deadline_after = reader.optional_seconds("deadline_after_s");
  spec.deadline_at = reader.optional_time("deadline_at");
  spec.budget = reader.optional_money("budget");
  spec.checkpoint = read_checkpoint(reader);
  spec.avoid = read_locations(reader, "avoid");
  spec.max_share = read_numbers(reader, "max_share");
  spec.priority = static_cast<int>(reader.integer_or("priority", 0));
  spec.policy = reader.text_or("policy", "");
  spec.waiting_cost = reader.optional_money("waiting_cost_per_h");
  if (const json::value* kept = reader.optional("kept")) {
    if (kept->is_object()) spec.kept = kept->get_object();
  }
  TW_RETURN_IF_ERROR(reader.status());
  return spec;
}

}  // namespace tradewind
