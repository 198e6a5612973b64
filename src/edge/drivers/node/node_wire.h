// What a control plane asks the agent program on a host that it reaches by SSH: one JSON document in on
// standard input, one out, for each call ("tradewind-agent node"). The host's zones travel with each
// question: nothing has to be set up there.
//   {"call":"facts"}                                     → {"ok":{facts}}
//   {"call":"launch","launch":{…}}                       → {"ok":{"location","id","launched_at"}}
//   {"call":"instances","owner":…,"page":…,"plane":…,"socket":…}
//                                                        → {"ok":{"instances":[…],"next_page","relay":true}}
//   {"call":"terminate","location":…,"id":…}             → {"ok":{"done":true}}
//   {"call":"relay","plane":…,"socket":…}                → {"ok":{}}   the relay's name leads there
//   socket
// or {"error":{"code","message","hint"}}.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/drivers/lending/lending_watch.h"
#include "edge/drivers/local/this_machine.h"
#include "edge/drivers/local/zone.h"
#include "edge/provider/provider.h"

namespace tradewind::node {

struct NodeCall {
  std::string call;
  std::string folder;  // of all that is ours on the host, absolute
  Time now;            // by the asker's clock
  std::vector<local::Zone> zones;
  Duration forget_after{};         // how long an instance that ended is shown
  provider::LaunchRequest launch;  // of "launch"; its offers are of the zones, "local/<name>"
  OwnerId owner;                   // of "instances"
  std::string page;
  InstanceRef instance;  // of "terminate"
  std::string plane;     // of "relay" and "instances": which control plane asks, [a-z0-9]+
  std::string socket;    // of the same: where the relay's connection ends on the host
};
json::value to_json(const NodeCall& call);
Result<NodeCall> node_call_from_json(const json::value& value);

// What a host is, as it says itself.
struct HostFacts {
  local::MachineFacts machine;
  std::string cgroup;            // "v2", "v1" or "none": how an instance is kept to its memory
  bool kills_at_logout = false;  // systemd ends a user's programs with his last session
  double disk_free_gib = 0;      // of the folder
  Time now;                      // by the host's clock
  // Its owner's rules, and whether it is open to jobs now. Nothing: it is open to all who may log in.
  std::optional<lending::State> lending = std::nullopt;
};
json::value to_json(const HostFacts& facts);
Result<HostFacts> host_facts_from_json(const json::value& value);

json::value answer_of(const Error& error);
// The value under "ok", or the error.
Result<json::value> read_answer(const json::value& answer);

json::value to_json(const provider::Launched& launched);
Result<provider::Launched> launched_from_json(const json::value& value);
json::value to_json(const InstancePage& page);
Result<InstancePage> instance_page_from_json(const json::value& value);

// Where agents find the relay's socket, whichever connection brings it: a symbolic link in the folder, one
// for each control plane that uses the host.
std::string relay_name(const std::string& folder, const std::string& plane);

}  // namespace tradewind::node
