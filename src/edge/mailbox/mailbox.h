// The meeting point of agent and broker: a job's prefix in an object store. Format: docs/formats/mailbox.md.
//   <owner>/jobs/<job>/spec.json
//   <owner>/jobs/<job>/leases/<lease>/{status.json, orders/NNNNNNNN, log/NNNNNNNN, progress/NNNNNNNN}
// (the ledger, manifests and chunks of the same prefix belong to edge/checkpoint)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "core/model/agent_status.h"
#include "core/model/job.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::mailbox {

// "tradewind/<owner>/jobs/<job>/"
std::string job_prefix(const OwnerId& owner, const JobId& job);
// "00000042"
std::string eight_digits(std::uint64_t number);

struct Segment {
  std::uint64_t number = 0;
  std::string bytes;
};

// One job's mailbox. Holds no state of its own; every call is one or two store calls.
class Mailbox {
 public:
  // REQUIRES: `store` outlives this.
  Mailbox(objectstore::ObjectStore& store, OwnerId owner, JobId job);

  // Written once, at submission. A second, equal write succeeds; a different one is conflict.
  Status write_spec(const JobSpec& spec);
  Result<JobSpec> read_spec();

  Status write_status(const AgentStatus& status);
  // not_found: the agent has not reported yet. corrupt: unreadable.
  Result<AgentStatus> read_status(const LeaseId& lease);

  // Written once per number: repeating the same order succeeds, a different one under its number is conflict.
  Status write_order(const LeaseId& lease, const Order& order);
  // Orders with number > after, ascending. Unreadable ones are an error, never skipped.
  Result<std::vector<Order>> read_orders(const LeaseId& lease, std::uint64_t after);

  // Segments are written once, numbered from 1 without gaps.
  Status write_log(const LeaseId& lease, std::uint64_t number, std::string_view bytes);
  Status write_progress(const LeaseId& lease, std::uint64_t number, std::string_view json_lines);
  // At most `limit` segments with number > after, ascending.
  Result<std::vector<Segment>> read_log(const LeaseId& lease, std::uint64_t after, std::size_t limit);
  Result<std::vector<Segment>> read_progress(const LeaseId& lease, std::uint64_t after, std::size_t limit);

  // Proves that this store answers now: writes and reads back a small probe object. `unavailable` otherwise.
  Status probe(std::string_view nonce);

  objectstore::ObjectStore& store() { return store_; }
  const std::string& prefix() const { return prefix_; }

 private:
  std::string lease_key(const LeaseId& lease, std::string_view rest) const;
  objectstore::ObjectStore& store_;
  OwnerId owner_;
  JobId job_;
  std::string prefix_;
};

}  // namespace tradewind::mailbox
