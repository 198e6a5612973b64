// A supplier of one region of AWS: "aws/<region>". A lease is an EC2 instance, tagged with its owner and its
// lease.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/aws/aws_file.h"
#include "edge/drivers/aws/ec2_answer.h"
#include "edge/drivers/aws/region_client.h"
#include "edge/drivers/aws/run_request.h"
#include "edge/drivers/boot/boot_document.h"
#include "edge/provider/provider.h"

namespace tradewind::aws {

struct AwsOptions {
  RegionConfig region;
  std::vector<Offer> catalogue;         // what is known of AWS's offers; the region takes its own
  cloud::Variables environment;         // the program's own
  std::set<std::string> machines = {};  // that `agent` is there for, as the kernel calls them; empty: all
  boot::AgentSource agent = nullptr;    // where the file names no agent; nullptr: nowhere
  RegionNetwork network = {};
};

class AwsProvider final : public provider::Provider {
 public:
  // `clock` outlives this. Nothing is asked yet.
  AwsProvider(AwsOptions options, const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  // The catalogue's, spot at what it costs now: in its zone, or in the dearest of the region's where the
  // offer names none. Prices are asked for every ten minutes.
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  // invalid_argument: it is not Tradewind's, or another owner's than those that this has been asked about.
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  RegionClient& client() { return client_; }
  const RegionConfig& region() const { return client_.region(); }
  // What would be asked of EC2 to launch this, without a launch: all but the boot document's secrets.
  Result<cloud::Query> launch_parameters(const provider::LaunchRequest& request);

 private:
  Status prove_offer(const Offer& offer) const;
  Result<LaunchPlace> place_of(const provider::LaunchRequest& request);
  Result<std::string> boot_of(const provider::LaunchRequest& request) const;
  Result<provider::Launched> adopt(const provider::LaunchRequest& request);
  // All of these must hold; no more than one page.
  Result<std::vector<Ec2Instance>> matching(const std::map<std::string, std::string>& filters);
  Status refresh_prices();
  void note_owner(const OwnerId& owner);
  Time first_seen_ended(const std::string& id);
  Result<provider::TerminateState> end(const std::string& id);
  Result<provider::TerminateState> not_listed(const std::string& id);

  const Clock& clock_;
  const std::vector<Offer> offers_;
  const boot::AgentSource agent_;
  const provider::Capabilities capabilities_;
  RegionClient client_;
  std::mutex mutex_;
  std::set<std::string> owners_;              // protected by mutex_; that this was asked about
  std::set<std::string> launched_;            // protected by mutex_; ids, which lists may not show yet
  std::map<std::string, Time> ended_;         // protected by mutex_; when each was first seen so
  std::map<std::string, Duration> unlisted_;  // protected by mutex_; since when it has been missing
  std::mutex pricing_;
  std::map<std::string, Money> spot_prices_;  // protected by mutex_; by "type" and "type zone"
  std::optional<Duration> priced_at_;         // protected by mutex_
};

}  // namespace tradewind::aws
