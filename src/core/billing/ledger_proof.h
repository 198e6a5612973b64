// The proof that a job lost nothing and counted nothing twice: each of its steps stands exactly once in the
// ledger's order.
//
// Each claim opens an epoch. It starts from the newest checkpoint that the chain holds before the claim, and
// its steps count up to the one that the next epoch starts from; those of the last epoch all count. So the
// epochs' ranges (from, to] lie end to end, and what an epoch did beyond its `to` was lost with its place and
// done again: redone, never counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/records.h"

namespace tradewind::billing {

struct EpochRange {
  std::uint64_t epoch = 0;
  LeaseId lease;
  double from = 0;           // steps above it
  double to = 0;             // up to and with it
  double done = 0;           // the last step that was seen of it; at least `to`
  double redone = 0;         // done − to, of all epochs but the last
  ManifestId restored;       // what it started from; empty: a fresh start
  std::string saved_digest;  // of that checkpoint when it was saved; empty: not known
  std::string
      restored_digest;  // of the files when they had been put back, as its agent computed it; empty: not told
  bool is_digest_equal = false;  // both known, and equal
  bool operator==(const EpochRange&) const = default;
};

struct LedgerProof {
  std::vector<EpochRange> epochs;
  std::uint64_t records = 0;
  std::uint64_t checkpoints = 0;
  double first_step = 0;  // the ranges cover (first_step, last_step]
  double last_step = 0;
  double redone_steps = 0;
  bool is_finished = false;           // the chain ends with a finish
  std::vector<std::string> problems;  // each one sentence; none: proven
  bool proven() const { return problems.empty() && !epochs.empty(); }
  bool operator==(const LedgerProof&) const = default;
};

// `ledger`: the whole chain, in order. `leases`: those of the job. `digests`: root digests of manifests, as
// far as the caller has read them; what a lease's own status tells of its newest checkpoint is used beside
// them.
LedgerProof prove(const std::vector<LedgerRecord>& ledger, const std::vector<LeaseRecord>& leases,
                  const std::map<ManifestId, std::string>& digests);

json::value to_json(const LedgerProof& proof);

}  // namespace tradewind::billing
