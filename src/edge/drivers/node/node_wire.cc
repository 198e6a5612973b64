#include "edge/drivers/node/node_wire.h"

#include <optional>

namespace tradewind::node {
namespace {

using provider::LaunchRequest;

json::object texts_to_json(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  return object;
}

json::value launch_to_json(const LaunchRequest& launch) {
  return json::object{{"token", launch.token},
                      {"owner", launch.owner.text()},
                      {"offer", tradewind::to_json(launch.offer)},
                      {"job", launch.job.text()},
                      {"agent_arguments", tradewind::to_json(launch.agent_arguments)},
                      {"hard_limit", tradewind::to_json(launch.hard_limit)},
                      {"secrets", texts_to_json(launch.secrets)}};
}

Result<LaunchRequest> launch_from_json(const json::value& value) {
  JsonReader reader(value, "launch");
  LaunchRequest launch;
  launch.token = reader.text("token");
  launch.owner = OwnerId(reader.text("owner"));
  TW_ASSIGN_OR_RETURN(launch.offer, offer_from_json(reader.value("offer"), "launch.offer"));
  launch.job = JobId(reader.text("job"));
  launch.agent_arguments = reader.texts_or_empty("agent_arguments");
  launch.hard_limit = reader.time("hard_limit");
  if (const json::value* secrets = reader.optional("secrets"); secrets != nullptr && secrets->is_object()) {
    for (const auto& [name, text] : secrets->as_object()) {
      if (text.is_string()) launch.secrets[name] = std::string(text.as_string());
    }
  }
  TW_RETURN_IF_ERROR(reader.status());
  return launch;
}

std::optional<InstanceState> state_from_text(std::string_view text) {
  for (const InstanceState state :
       {InstanceState::pending, InstanceState::running, InstanceState::stopping, InstanceState::terminated}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

json::value instance_to_json(const Instance& instance) {
  return json::object{{"ref", tradewind::to_json(instance.ref)},
                      {"owner", instance.owner.text()},
                      {"token", instance.token},
                      {"state", to_text(instance.state)},
                      {"launched_at", tradewind::to_json(instance.launched_at)},
                      {"terminated_at", tradewind::to_json(instance.terminated_at)},
                      {"preempted", instance.preempted},
                      {"reason", instance.reason}};
}

Result<Instance> instance_from_json(const json::value& value) {
  JsonReader reader(value, "instance");
  Instance instance;
  TW_ASSIGN_OR_RETURN(instance.ref, instance_ref_from_json(reader.value("ref"), "instance.ref"));
  instance.owner = OwnerId(reader.text("owner"));
  instance.token = reader.text("token");
  const std::optional<InstanceState> state = state_from_text(reader.text("state"));
  if (!state) reader.fail("state", "is no state of an instance");
  instance.state = state.value_or(InstanceState::pending);
  instance.launched_at = reader.time("launched_at");
  instance.terminated_at = reader.optional_time("terminated_at");
  instance.preempted = reader.boolean("preempted");
  instance.reason = reader.text("reason");
  TW_RETURN_IF_ERROR(reader.status());
  return instance;
}

}  // namespace

json::value to_json(const NodeCall& call) {
  json::object object{{"call", call.call}, {"folder", call.folder}, {"now", tradewind::to_json(call.now)}};
  object["forget_after_s"] = tradewind::to_json(call.forget_after);
  json::array zones;
  for (const local::Zone& zone : call.zones) zones.push_back(local::to_json(zone));
  object["zones"] = std::move(zones);
  if (call.call == "launch") object["launch"] = launch_to_json(call.launch);
  if (call.call == "instances") {
    object["owner"] = call.owner.text();
    object["page"] = call.page;
  }
  if (call.call == "terminate") object["instance"] = tradewind::to_json(call.instance);
  if (call.call == "relay" || call.call == "instances") {
    object["plane"] = call.plane;
    object["socket"] = call.socket;
  }
  return object;
}

Result<NodeCall> node_call_from_json(const json::value& value) {
  JsonReader reader(value, "call");
  NodeCall call;
  call.call = reader.text("call");
  call.folder = reader.text("folder");
  call.now = reader.time("now");
  call.forget_after = reader.seconds("forget_after_s");
  for (const json::value& each : reader.array("zones")) {
    TW_ASSIGN_OR_RETURN(call.zones.emplace_back(), local::zone_from_json(each, "zone"));
  }
  if (call.call == "launch") {
    TW_ASSIGN_OR_RETURN(call.launch, launch_from_json(reader.value("launch")));
  }
  if (call.call == "instances") {
    call.owner = OwnerId(reader.text("owner"));
    call.page = reader.text("page");
  }
  if (call.call == "terminate") {
    TW_ASSIGN_OR_RETURN(call.instance, instance_ref_from_json(reader.value("instance"), "instance"));
  }
  call.plane = reader.text_or("plane", "");
  call.socket = reader.text_or("socket", "");
  TW_RETURN_IF_ERROR(reader.status());
  return call;
}

json::value to_json(const HostFacts& facts) {
  json::object object{{"cpus", facts.machine.cpus},
                      {"memory_gib", facts.machine.memory_gib},
                      {"cgroup", facts.cgroup},
                      {"kills_at_logout", facts.kills_at_logout},
                      {"disk_free_gib", facts.disk_free_gib},
                      {"now", tradewind::to_json(facts.now)}};
  if (facts.machine.accelerator) {
    const Accelerator& gpus = *facts.machine.accelerator;
    object["accelerator"] =
        json::object{{"model", gpus.model}, {"count", gpus.count}, {"memory_gib", gpus.memory_gib}};
  }
  if (facts.lending) object["lending"] = lending::to_json(*facts.lending);
  return object;
}

Result<HostFacts> host_facts_from_json(const json::value& value) {
  JsonReader reader(value, "facts");
  HostFacts facts;
  facts.machine.cpus = static_cast<int>(reader.integer("cpus"));
  facts.machine.memory_gib = reader.number("memory_gib");
  facts.cgroup = reader.text("cgroup");
  facts.kills_at_logout = reader.boolean("kills_at_logout");
  facts.disk_free_gib = reader.number("disk_free_gib");
  facts.now = reader.time("now");
  if (const json::value* gpus = reader.optional("accelerator")) {
    JsonReader inner(*gpus, "facts.accelerator");
    facts.machine.accelerator =
        Accelerator{inner.text("model"), inner.number("count"), inner.number("memory_gib")};
    reader.merge(inner.status());
  }
  if (const json::value* lent = reader.optional("lending")) {
    TW_ASSIGN_OR_RETURN(facts.lending, lending::state_from_json(*lent, "facts.lending"));
  }
  TW_RETURN_IF_ERROR(reader.status());
  return facts;
}

json::value answer_of(const Error& error) {
  return json::object{{"error", json::object{{"code", tradewind::to_text(error.code)},
                                             {"message", error.message},
                                             {"hint", error.hint}}}};
}

Result<json::value> read_answer(const json::value& answer) {
  JsonReader reader(answer, "answer");
  if (const json::value* ok = reader.optional("ok")) return *ok;
  JsonReader error(reader.value("error"), "answer.error");
  const std::string code = error.text("code");
  Error told{code_from_text(code).value_or(Code::internal), error.text("message"), error.text_or("hint", "")};
  reader.merge(error.status());
  TW_RETURN_IF_ERROR(reader.status());
  return told;
}

json::value to_json(const provider::Launched& launched) {
  return json::object{{"ref", tradewind::to_json(launched.ref)},
                      {"launched_at", tradewind::to_json(launched.launched_at)}};
}

Result<provider::Launched> launched_from_json(const json::value& value) {
  JsonReader reader(value, "launched");
  provider::Launched launched;
  TW_ASSIGN_OR_RETURN(launched.ref, instance_ref_from_json(reader.value("ref"), "launched.ref"));
  launched.launched_at = reader.time("launched_at");
  TW_RETURN_IF_ERROR(reader.status());
  return launched;
}

json::value to_json(const InstancePage& page) {
  json::array instances;
  for (const Instance& instance : page.instances) instances.push_back(instance_to_json(instance));
  return json::object{{"instances", std::move(instances)}, {"next_page", page.next_page}};
}

Result<InstancePage> instance_page_from_json(const json::value& value) {
  JsonReader reader(value, "page");
  InstancePage page;
  for (const json::value& each : reader.array("instances")) {
    TW_ASSIGN_OR_RETURN(page.instances.emplace_back(), instance_from_json(each));
  }
  page.next_page = reader.text("next_page");
  TW_RETURN_IF_ERROR(reader.status());
  return page;
}

std::string relay_name(const std::string& folder, const std::string& plane) {
  return folder + "/relay-" + plane + ".sock";
}

}  // namespace tradewind::node
