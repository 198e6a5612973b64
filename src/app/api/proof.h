// The proof that a job lost nothing and did nothing twice: its steps, each counted exactly once in the
// ledger's order. Pure: everything it needs comes in as values.
//
// Each claim of the ledger opens an epoch. It starts at the step of the newest checkpoint that the ledger
// holds before it, and what it did counts up to the step from which the next epoch starts (the last one: up
// to its own last step). What an epoch did beyond that was lost with its place and done again: redone, never
// counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/api/lease_view.h"
#include "app/api/pages.h"
#include "core/model/json.h"
#include "core/model/ledger_record.h"

namespace tradewind::api {

struct ProofEpoch {
  std::uint64_t epoch = 0;
  LeaseId lease;
  int attempt = 0;
  std::string location;
  double from_step = 0;             // where it started: counted steps are greater
  double to_step = 0;               // the last counted
  double last_step = 0;             // the last it did
  double redone_steps = 0;          // last_step − to_step: done again by the next
  std::uint64_t counted_steps = 0;  // distinct steps reported in (from_step, to_step]
  std::string expected_digest;      // of the checkpoint it had to start from; empty: a fresh start
  std::string restored_digest;      // recomputed by the agent from the files it restored
  bool digest_equal = true;
  bool operator==(const ProofEpoch&) const = default;
};

struct Proof {
  std::vector<ProofEpoch> epochs;
  std::uint64_t ledger_records = 0;
  double first_step = 0;
  double last_step = 0;
  std::uint64_t counted_steps = 0;
  std::uint64_t missing_steps = 0;   // whole numbers in (first_step, last_step] that no epoch counted
  std::uint64_t repeated_steps = 0;  // counted more than once
  double redone_steps = 0;
  double step_stride = 1;             // the program reports every so many steps; `missing` goes by it
  std::vector<std::string> problems;  // each a sentence; empty: proven
  bool operator==(const Proof&) const = default;
};

struct ProofInput {
  std::vector<LedgerRecord> ledger;     // all records, in order
  std::vector<LeaseView> leases;        // all of the job's
  std::vector<ProgressPoint> progress;  // all, in the order of leases and lines
  // Root digests of the manifests that the ledger names, by manifest id.
  std::map<std::string, std::string> digests;
};
Proof prove(const ProofInput& input);

json::value to_json(const Proof& proof);
Result<Proof> proof_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
