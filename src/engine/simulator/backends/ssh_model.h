// A host that is reached by SSH: the connections to it, the node's answers (edge/drivers/node), what its
// instances claim, and their agents' way home through the relay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "edge/drivers/node/node_wire.h"
#include "edge/io/host.h"
#include "engine/simulator/agent_process.h"

namespace tradewind::simulator {

struct HostKind {
  std::string name;
  int cpus = 8;
  int gpus = 0;
};

struct HostInstance {
  provider::LaunchRequest launch;  // its offer is of the host's zones
  Time launched_at;
  InstanceState state = InstanceState::pending;
  std::optional<Time> ended_at;
  std::string reason;
  std::set<std::string> claims;  // "gpu-0", "core-3"
  std::unique_ptr<AgentProcess> agent;
  bool is_forgotten = false;  // it is shown no more
};

class HostModel {
 public:
  // REQUIRES: `world` outlives this.
  HostModel(const ModelWorld& world, HostKind kind, std::uint64_t seed);
  void begin();
  const HostKind& kind() const { return kind_; }

  // ---- for the driver's connection
  // A connection of its own number, if the host lets anybody in.
  Result<std::uint64_t> connect();
  bool is_connected(std::uint64_t connection) const { return connections_.contains(connection); }
  void disconnect(std::uint64_t connection);
  // REQUIRES (both): is_connected(connection)
  io::CommandOutput run(const io::HostCommand& command);
  void forward(std::uint64_t connection, const std::string& socket);
  const ModelWorld& world() const { return world_; }

  // ---- the truth
  const ModelAgent* agent_of(const std::string& token) const;
  std::optional<Time> dark_since() const { return dark_since_; }
  Duration heard_since(Time since, Time now) const;
  void check_end(const OwnerId& owner, const std::function<void(const std::string&)>& found) const;

 private:
  Time now() const { return world_.time.now(); }
  Result<json::value> answer(const node::NodeCall& call);
  Result<json::value> launch(const node::NodeCall& call);
  Result<std::set<std::string>> free_claims(const local::Zone& zone);
  json::value list(const node::NodeCall& call);
  Result<json::value> terminate(const node::NodeCall& call);
  void begin_agent(HostInstance& instance);
  void end(HostInstance& instance, const std::string& reason);
  void leave_nothing(const node::NodeCall& call);
  bool leads_home() const;
  void note_ways();

  void plan_accidents();
  void cut_link(Duration lasts);
  void reboot();
  void plan_neighbour();
  void plan_visits();

  const ModelWorld& world_;
  HostKind kind_;
  Random random_;
  bool has_program_ = false;
  Time used_;                                                       // when anything but a list was asked last
  std::map<std::string, std::unique_ptr<HostInstance>> instances_;  // by token
  std::vector<std::unique_ptr<HostInstance>> buried_;
  std::map<std::string, std::string> claims_;  // what is claimed → by which token
  std::set<std::uint64_t> connections_;
  std::uint64_t connections_made_ = 0;
  std::map<std::string, std::uint64_t> sockets_;  // of the host, to the connection that they come out of
  std::string relay_leads_to_;
  Time link_cut_until_;
  Time key_changed_until_;
  Time disk_full_until_;
  Time down_until_;
  std::optional<Time> dark_since_;
  // When agents had a way home: from, until.
  std::vector<std::pair<Time, std::optional<Time>>> ways_home_;
};

}  // namespace tradewind::simulator
