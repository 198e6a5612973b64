// Is a store what Tradewind needs? Proved on the store itself, not believed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

enum class Primitive { put, get, range, stat, list, create_if_absent, remove };
std::string_view to_text(Primitive primitive);  // "create-if-absent"

struct PrimitiveProof {
  Primitive primitive;
  bool holds = false;
  std::string finding;  // "exactly one of 8 racing writers created, 5 times", or what was seen instead
  std::string cure;     // "" where it holds
};

struct StorePrimitives {
  std::vector<PrimitiveProof> proofs;  // in the order of Primitive; those that could not be tried are missing
  Duration round_trip{};               // median of small reads
  double write_bytes_per_s = 0;        // of one object of 4 MiB; 0: not measured
  double read_bytes_per_s = 0;

  // May hold checkpoints: all but create-if-absent.
  bool holds_objects() const;
  // May hold a ledger too.
  bool fit_for_ledgers() const;
};

struct ProbeOptions {
  int writers = 8;  // that race for one key
  int rounds = 5;
  std::size_t payload_bytes = std::size_t{4} << 20;
};

// Writes about 4 MiB under "tradewind-check/<random>/" and removes it again, also when something fails. An
// error is one of the store's own, met before anything could be proved: no access, no bucket, no server. What
// holds or not is in the value.
Result<StorePrimitives> probe(ObjectStore& store, const ProbeOptions& options = {});

// The one primitive that a ledger stands on, by two small writes under "tradewind-check/". invalid_argument:
// the store overwrites, or does not know how to; else the errors of the store.
Status prove_create_if_absent(ObjectStore& store);

}  // namespace tradewind::objectstore
