// The local supplier: zones on this machine, each with its own price, capacity, cold start and interruptions.
// Nothing is pretended: an instance is real processes in a real folder, and it dies by SIGKILL.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/local/instance_folder.h"
#include "edge/drivers/local/instance_life.h"
#include "edge/drivers/local/zone.h"
#include "edge/io/files.h"
#include "edge/provider/provider.h"

namespace tradewind::local {

struct LocalOptions {
  std::vector<Zone> zones;
  std::filesystem::path root;    // this driver's state, see instance_folder.h; absolute
  std::filesystem::path stores;  // holds "<zone>" for each zone without a store of its own; absolute
  // What runs local::run_machine(): "--dir=<instance folder>" is appended. Full path first.
  std::vector<std::string> machine_program;
  // What the machine starts: the request's arguments are appended, then --scratch, --local-store,
  // --limit-file,
  // --purchase, --accelerator, --notice and --notice-lead. Full path first.
  std::vector<std::string> agent_program;
  std::map<std::string, std::string> environment;  // given on to machines, less what they must not have
  std::size_t page_size = 500;                     // of instances()
  bool keeps_stores = true;  // zones without a store get a folder; false: they have none
  Duration shown_after_end = std::chrono::hours(24);
  // Whether instances keep to the rules of this machine's owner (drivers/lending), and where those are.
  std::optional<lending::Places> lending = std::nullopt;
  // Tokens of ended instances stay used for ever. false: nothing is left of one that is no more shown.
  bool remembers_tokens = true;
};

class LocalProvider final : public provider::Provider {
 public:
  // Makes the folders. invalid_argument for zones of one name and for relative paths; else the folders'
  // errors. `clock` outlives this and tells real time, as the machines do.
  static Result<std::unique_ptr<LocalProvider>> open(LocalOptions options, const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  // invalid_argument also for a token used for another offer or owner.
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  // Ended ones stay for a day. Machines found dead are cleared up after on the way.
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // With their stores filled in.
  const std::vector<Zone>& zones() const { return options_.zones; }
  // not_found: no such zone.
  Result<std::string> zone_store_url(const Location& location) const;

 private:
  LocalProvider(LocalOptions options, const Clock& clock);
  const Zone* find_zone(const Location& location) const;
  Result<const Zone*> zone_of_offer(const Offer& offer) const;
  Result<io::FileLock> lock() const;
  std::filesystem::path instances_folder() const { return options_.root / "instances"; }
  std::filesystem::path ended_folder() const { return options_.root / "ended"; }

  // All below: REQUIRES the lock, except tend(), which takes it when it must.
  Result<provider::Launched> launch_again(const InstanceFolder& folder,
                                          const provider::LaunchRequest& request);
  Result<provider::Launched> launch_new(const Zone& zone, const provider::LaunchRequest& request);
  Status check_room(const Zone& zone, Purchase purchase, Time zone_epoch, Time now);
  // What the living instances of all zones leave of the machine's cores and GPUs, and other users do.
  Status check_share(const Zone& zone);
  // The zone as the machine's owner lets it be used now. insufficient_capacity: not at all, and why.
  Result<Zone> lent(const Zone& zone) const;
  // Of the instances of all zones that have not ended, as they were last seen.
  Result<std::vector<LaunchRecord>> living_launches() const;
  // That what lives and this zone together are no more than the owner lends.
  Status check_lent(const Zone& zone, const lending::Rules& rules) const;
  Result<Time> zone_epoch(const Zone& zone, Time now);
  Status publish(const LaunchRecord& record);
  Status start_machine(const InstanceFolder& folder, const Secrets& secrets);
  // The state as it is. A machine that died is salvaged, one that was never started is started: where that
  // was left undone by a crash, without secrets, so that an agent that needs them ends.
  Result<StateRecord> settle(const InstanceFolder& folder, const std::string& token,
                             const Secrets& secrets = {});
  Result<StateRecord> tend(const InstanceFolder& folder, const std::string& token);
  Status archive(const InstanceFolder& folder, const std::string& token);

  LocalOptions options_;
  const Clock& clock_;
  provider::Capabilities capabilities_;
};

}  // namespace tradewind::local
