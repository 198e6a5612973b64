// A control plane without a loop: tests set its state, and see what was asked of it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/objectstore/memory_store.h"
#include "engine/broker/control_plane.h"

namespace tradewind::server::testing {

class FakeControlPlane final : public broker::ControlPlane {
 public:
  FakeControlPlane();

  // Changes the state and wakes whoever waits.
  void change(const std::function<void(ClusterState&)>& edit);
  void add_event(const std::string& kind, const std::string& subject, const std::string& detail, Time at);
  mailbox::Mailbox box(const JobId& job);
  objectstore::ObjectStore& home() { return *home_; }
  // Every call fails with this from now on.
  void fail_with(const Error& error);

  std::vector<JobSpec> submitted();
  std::vector<JobId> cancelled();

  Result<JobId> submit(const JobSpec& spec) override;
  Status cancel(const JobId& job) override;
  Result<MoveId> move(const JobId& job, const Location& target) override;
  Status view(const std::function<void(const ClusterState&)>& read) override;
  Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) override;
  Result<std::uint64_t> wait_for_change(std::uint64_t version, Duration patience) override;
  Result<mailbox::Mailbox> mailbox_of(const JobId& job) override;
  Result<checkpoint::ChunkPlace> chunks_of(const JobId& job) override;

  // How often somebody began to wait for a change.
  int waits() const { return waits_; }

 private:
  Status failure() const;

  std::unique_ptr<objectstore::ObjectStore> home_;
  std::atomic<int> waits_ = 0;
  // State below is protected by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  ClusterState state_;
  std::uint64_t version_ = 1;
  std::vector<store::HistoryEntry> history_;
  std::vector<JobSpec> submitted_;
  std::vector<JobId> cancelled_;
  std::optional<Error> error_;
};

}  // namespace tradewind::server::testing
