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
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/slurm/batch_script.h"
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
  Duration patience{60'000};      // with one answer of the controller or the host
  Duration query_gap{5'000};      // the jobs are asked for no more often
  Duration query_gap_per_job{1};  // and so much more seldom where there are thousands
  Duration offers_gap{60'000};    // nor the partitions
  Duration stale{180'000};        // a script that has not touched its file for so long is gone
  Duration heartbeat{30'000};     // how often it does
  std::size_t page_size = 1000;   // of instances()
};

class SlurmProvider final : public provider::Provider {
 public:
  // Asks nobody. invalid_argument: a store that is no absolute path; errors of reading a token's file and the
  // like. `clock` outlives this.
  static Result<std::unique_ptr<SlurmProvider>> open(SlurmOptions options, std::unique_ptr<io::Host> host,
                                                     const Clock& clock);
  // Over what stands in their place: a cluster that is modelled.
  SlurmProvider(SlurmOptions options, std::unique_ptr<io::Host> host, std::unique_ptr<SharedStore> store,
                std::unique_ptr<Controller> controller, const Clock& clock);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  // invalid_argument also for a token used for another offer.
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  // Ended ones stay for a day.
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;
  // Those of one offer are the elements of a job array (slurm_many.cc).
  std::vector<Result<provider::Launched>> launch_many(
      std::span<const provider::LaunchRequest> requests) override;
  std::vector<Result<provider::TerminateState>> terminate_many(
      std::span<const InstanceRef> instances) override;

  // Tries each right that is needed (slurm_check.cc).
  std::vector<provider::Proof> prove();
  const Cluster& cluster() const { return options_.cluster; }

 private:
  Result<std::vector<Place>> places();
  // Asks Slurm how long one more of these would wait, of the few for which that was asked longest ago.
  void estimate_waits(const std::vector<Place>& all);
  std::vector<Place> due_for_estimate(const std::vector<Place>& all);
  Result<Place> place_of(const Offer& offer);
  // As old as the gaps allow, but not from before `not_before`.
  Result<std::shared_ptr<const JobsSeen>> jobs(Time not_before = {});
  Result<std::string> agent();
  // How many more jobs there may be; insufficient_capacity: none.
  Result<std::size_t> room();
  Error full() const;
  void note_unsure();
  // Errors: those of the controller.
  Result<std::size_t> array_max();
  // REQUIRES: no other launch of this token runs here.
  Result<provider::Launched> launch_alone(const provider::LaunchRequest& request, const Place& place);
  Result<std::string> submit(const provider::LaunchRequest& request, const Place& place,
                             const Record& record);
  BatchAgent agent_of(const provider::LaunchRequest& request, const std::string& program) const;
  // The launches of one array, and what came of each; without an answer are those that must be launched
  // alone.
  struct Batch {
    std::span<const provider::LaunchRequest> requests;
    std::vector<std::optional<Result<provider::Launched>>> answers;
  };
  void launch_alike(Batch& batch, const std::vector<std::size_t>& which);
  void launch_array(Batch& batch, std::vector<std::size_t> which, const Place& place);
  void submit_array(Batch& batch, const std::vector<std::size_t>& which, const Place& place,
                    const std::string& array, const std::vector<ArrayLaunch>& launches);
  // Submits as many of the elements as Slurm allows now: those stay in `taken`, and `refused` is why not all.
  Result<std::string> submit_most(SubmitRequest wanted, std::vector<long>& taken,
                                  std::optional<Error>& refused);
  Status cancel_all(const std::vector<Entry>& entries, const Sight& sight);
  SubmitRequest submit_request(const provider::LaunchRequest& request, const Place& place,
                               const std::string& agent) const;
  // Whether all of this owner have ended, so that the controller need not be asked.
  Result<bool> all_ended(const OwnerId& owner, Entries& listed);
  void cancel_strays(const std::vector<Entry>& entries, const Sight& sight);
  bool may_cancel_now(const std::string& token);

  SlurmOptions options_;
  std::unique_ptr<io::Host> host_;
  const Clock& clock_;
  std::unique_ptr<SharedStore> kept_store_;
  SharedStore& store_;
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
  std::map<std::string, Duration> cancelled_;  // tokens, by the monotonic clock
  std::optional<std::size_t> array_max_;

  std::mutex query_mutex_;  // one asks the controller for jobs, others wait for its answer
  std::shared_ptr<const JobsSeen> seen_;
  Duration seen_at_{};
  Duration unsure_until_{};  // a submission's outcome is not known: only a new list tells
};

}  // namespace tradewind::slurm
