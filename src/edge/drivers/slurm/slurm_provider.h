// One Slurm cluster as a supplier. An instance is one job, which runs the agent: see batch_script.h for what
// happens in the allocation, shared_store.h for what is kept where. Slurm has no tokens: the folder of a
// token and the job that claims it make one instance of each.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/slurm/cluster.h"
#include "edge/drivers/slurm/controller.h"
#include "edge/drivers/slurm/instance_view.h"
#include "edge/drivers/slurm/shared_store.h"
#include "edge/drivers/slurm/slurm_offers.h"
#include "edge/io/host.h"
#include "edge/provider/proof.h"
#include "edge/provider/provider.h"

namespace tradewind::slurm {

struct SlurmOptions {
  Cluster cluster;
  // What the nodes run: a file of this machine, copied to the cluster once. Full path.
  std::string agent_program;
  Duration patience{60'000};     // with one answer of the controller or the host
  Duration query_gap{5'000};     // the jobs are asked for no more often
  Duration offers_gap{60'000};   // nor the partitions
  Duration stale{180'000};       // a script that has not touched its file for so long is gone
  Duration heartbeat{30'000};    // how often it does
  std::size_t page_size = 1000;  // of instances()
};

class SlurmProvider final : public provider::Provider {
 public:
  // Asks nobody. invalid_argument: a store that is no absolute path; errors of reading a token's file and the
  // like. `clock` outlives this.
  static Result<std::unique_ptr<SlurmProvider>> open(SlurmOptions options, std::unique_ptr<io::Host> host,
                                                     const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  // invalid_argument also for a token used for another offer.
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  // Ended ones stay for a day.
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // Tries each right that is needed (slurm_check.cc).
  std::vector<provider::Proof> prove();
  const Cluster& cluster() const { return options_.cluster; }

 private:
  SlurmProvider(SlurmOptions options, std::unique_ptr<io::Host> host, const Clock& clock);

  Result<std::vector<Place>> places();
  // Asks Slurm how long one more of these would wait, of the few for which that was asked longest ago.
  void estimate_waits(const std::vector<Place>& all);
  std::vector<Place> due_for_estimate(const std::vector<Place>& all);
  Result<Place> place_of(const Offer& offer);
  // At most query_gap old, but not from before `not_before`.
  Result<JobsSeen> jobs(Time not_before = {});
  Result<std::string> agent();
  Status check_room();
  // REQUIRES: no other launch of this token runs here.
  Result<provider::Launched> launch_alone(const provider::LaunchRequest& request, const Place& place);
  Result<std::string> submit(const provider::LaunchRequest& request, const Place& place,
                             const Record& record);
  SubmitRequest submit_request(const provider::LaunchRequest& request, const Place& place,
                               const std::string& agent) const;
  // Whether all of this owner have ended, so that the controller need not be asked.
  Result<bool> all_ended(const OwnerId& owner, Entries& listed);
  void cancel_strays(const std::vector<Entry>& entries, const JobsSeen& seen);
  bool may_cancel_now(const std::string& name);

  SlurmOptions options_;
  std::unique_ptr<io::Host> host_;
  const Clock& clock_;
  SharedStore store_;
  std::unique_ptr<Controller> controller_;
  provider::Capabilities capabilities_;

  std::mutex mutex_;  // of all below
  std::condition_variable launched_;
  std::set<std::string> launching_;  // tokens
  std::vector<Place> places_;
  std::optional<Duration> places_at_;  // by the monotonic clock
  struct Wait {
    std::optional<Duration> span;  // nothing where Slurm did not say
    Duration asked_at{};           // by the monotonic clock
  };
  std::map<std::string, Wait> waits_;  // by the offers' keys
  std::optional<std::string> agent_path_;
  std::set<std::string> quiet_;                // owners all of whose instances had ended when last listed
  std::map<std::string, Duration> cancelled_;  // names of jobs, by the monotonic clock

  std::mutex query_mutex_;  // one asks the controller for jobs, others wait for its answer
  std::optional<JobsSeen> seen_;
  Duration seen_at_{};
};

}  // namespace tradewind::slurm
