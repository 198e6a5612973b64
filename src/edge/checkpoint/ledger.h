// A job's ledger: a chain of records, each written with create-if-absent under the next number. The chain is
// a total order, so it is the whole locking scheme: a writer that finds its number taken reads on, and where
// a newer epoch has claimed it is fenced. Format: docs/formats/ledger.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "core/model/ledger_record.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::checkpoint {

// What the chain says, folded up to some number.
struct LedgerView {
  std::uint64_t number = 0;            // of the last record read; 0: empty
  std::uint64_t epoch = 0;             // of the last claim
  LeaseId holder;                      // of the last claim
  std::optional<LedgerRecord> saved;   // newest checkpoint of the chain
  std::optional<LedgerRecord> finish;  // once there, nothing more is written
};
// Refuses a record that is not the next number (corrupt), claims that do not raise the epoch by one, records
// of an epoch that does not hold the job, and anything after a finish.
Status fold(LedgerView& view, const LedgerRecord& record);

// Reads records with number > after, ascending, until the first gap. corrupt: names the record that cannot be
// read.
Result<std::vector<LedgerRecord>> read_ledger(objectstore::ObjectStore& store, const std::string& job_prefix,
                                              std::uint64_t after);

// One writer's hold on the ledger. Not thread-safe.
class LedgerWriter {
 public:
  // `nonce_source` makes each record's nonce; REQUIRES: `store` outlives this.
  LedgerWriter(objectstore::ObjectStore& store, std::string job_prefix, LeaseId lease);

  // Reads the chain and claims the next epoch. fenced: the job has finished. conflict: another claimed in the
  // meantime (the caller decides whether to try again). `seed` makes nonces unique among writers.
  Status claim(Time now, std::uint64_t seed);
  // REQUIRES: a successful claim. fenced when a newer epoch has claimed or the job has finished: write
  // nothing more. unavailable: unknown; calling again is safe, since our own record is recognised by its
  // nonce.
  Result<LedgerRecord> append_checkpoint(Time now, const ManifestId& manifest, const std::string& root_digest,
                                         double step);
  Result<LedgerRecord> append_finish(Time now, Outcome outcome, int exit_code, const std::string& message);
  // Reads on; fenced when a newer epoch has claimed.
  Status refresh();

  std::uint64_t epoch() const { return epoch_; }
  const LedgerView& view() const { return view_; }

 private:
  Result<LedgerRecord> append(LedgerRecord record);
  std::string next_nonce();
  objectstore::ObjectStore& store_;
  std::string job_prefix_;
  LeaseId lease_;
  LedgerView view_;
  std::uint64_t epoch_ = 0;
  std::uint64_t seed_ = 0;
  std::uint64_t nonces_ = 0;
  std::optional<LedgerRecord> unsettled_;  // tried, outcome unknown
};

}  // namespace tradewind::checkpoint
