// A running control plane: the loop on a thread of its own, and users' calls from any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/broker/control_plane.h"
#include "engine/broker/thread_runner.h"

namespace tradewind::broker {

struct ServiceParts {
  store::Store& store;
  const World& world;
  scheduler::Survey survey;
  scheduler::Working start;  // tempo, suppliers, offers, seed
  std::string home;          // the store of jobs that name none
  int threads = 8;
  // Told of each turn that failed and of what went on afterwards: for the server's log.
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

class Service final : public ControlPlane {
 public:
  // Reads the state and starts the loop. Errors: those of Store::snapshot.
  static Result<std::unique_ptr<Service>> start(ServiceParts parts);
  // Ends the loop between two turns; jobs run on.
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // What the suppliers sell from now on.
  void set_offers(std::vector<Offer> offers);

  Result<JobId> submit(const JobSpec& spec) override;
  Status cancel(const JobId& job) override;
  Result<MoveId> move(const JobId& job, const Location& target) override;
  Status view(const std::function<void(const ClusterState&)>& read) override;
  Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) override;
  Result<std::uint64_t> wait_for_change(std::uint64_t version, Duration patience) override;
  Result<mailbox::Mailbox> mailbox_of(const JobId& job) override;
  Result<checkpoint::ChunkPlace> chunks_of(const JobId& job) override;

 private:
  explicit Service(ServiceParts parts);
  void run();
  std::string new_id(std::string_view prefix);
  // Posts the command that `make(ticket)` builds and waits for its answer.
  Result<std::string> ask(const std::function<scheduler::Observation(std::uint64_t)>& make);
  void answer(const scheduler::Answer& answer);
  struct Placed {
    JobPlace place;
    std::vector<std::string> standby;
  };
  // not_found: no such job, or its home is none of this server's stores.
  Result<Placed> placed(const JobId& job);
  // invalid_argument: a ledger in it would let in two writers.
  Status fit_for_ledger(const std::string& home);

  // Constant after construction.
  const World& world_;
  const std::string home_;
  const std::function<void(const std::string&)> log_;

  // Locks itself.
  ThreadRunner runner_;

  // Protected by state_mutex_: held by the loop while it decides and commits, by readers while they read.
  std::mutex state_mutex_;
  std::condition_variable state_changed_;
  store::Store& store_;
  Broker broker_;
  std::uint64_t changes_ = 0;
  bool stopping_ = false;

  // Protected by answers_mutex_.
  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  std::map<std::uint64_t, std::optional<Result<std::string>>> answers_;
  std::uint64_t next_ticket_ = 1;
  Random random_;
  bool ended_ = false;

  // Homes that were proved; protected by fit_mutex_.
  std::mutex fit_mutex_;
  std::set<std::string> fit_;

  std::thread thread_;
};

}  // namespace tradewind::broker
