// A supplier of one host of one's own, reached by SSH: "ssh/<name>". What runs there leads itself (node.h);
// the link may be cut, and this program may end and come back.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "edge/drivers/ssh/ssh_host.h"
#include "edge/provider/provider.h"

namespace tradewind::ssh {

struct SshProviderOptions {
  SshOptions ssh;
  std::filesystem::path agent_program;  // the static program that is brought to the host
  // Our relay's socket (objectstore/relay), which the host gets a way to. Empty: agents there are given none.
  std::string relay_socket = {};
  // Tells this control plane's relay on the host from those of others: [a-z0-9]+.
  std::string plane = "own";
  // Where what the host said of itself is kept for other commands; empty: nowhere.
  std::filesystem::path facts_file = {};
};

class SshProvider final : public provider::Provider {
 public:
  SshProvider(SshProviderOptions options, const Clock& clock);
  // Over what stands in the host's place: one that is modelled.
  SshProvider(SshProviderOptions options, std::unique_ptr<LinkedHost> host, const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  // As the host describes itself, asked anew after ten minutes; where its owner lends it by rules of his own
  // (drivers/lending), after one, and while it is closed there are none.
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // What the host says of itself, now.
  Result<node::HostFacts> fresh_facts();
  // Proves that the host gets a way to our relay.
  Status prove_relay();
  const HostConfig& config() const { return options_.ssh.config; }

 private:
  struct Known {
    node::HostFacts facts;
    Time seen;  // by our clock
  };
  Result<Known> facts();  // of the last ten minutes, or minute where the host's owner has rules
  std::optional<Known> kept_facts();
  Result<std::string> folder();         // on the host, absolute
  Result<std::string> agent_on_host();  // brought there when it is missing
  Status bring_agent(const std::string& path);
  Result<json::value> ask(node::NodeCall call);
  Result<json::value> ask_once(const node::NodeCall& call, bool& missing);
  // That the relay's name on the host leads here over the connection that there is.
  Status keep_relay(bool ask_always);
  std::string forwarded();  // the socket on the host; empty where this connection has none
  Result<std::vector<local::Zone>> zones();
  std::optional<Duration> open_for(const Known& known) const;
  Result<Offer> offer_here(const Offer& offer);
  InstanceRef ref_here(const InstanceRef& there) const;

  const SshProviderOptions options_;
  const Clock& clock_;
  provider::Capabilities capabilities_;
  std::unique_ptr<LinkedHost> kept_host_;
  LinkedHost& host_;

  std::mutex mutex_;  // of all below
  std::string folder_;
  std::string agent_;
  std::string agent_digest_;
  std::optional<Known> facts_;
  Duration facts_at_{};  // monotonic

  std::mutex relay_mutex_;
  std::string forwarded_;                 // protected by relay_mutex_; the socket on the host
  std::uint64_t relayed_connection_ = 0;  // protected by relay_mutex_; that it belongs to
};

}  // namespace tradewind::ssh
