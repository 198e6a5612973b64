// The checkpoints of a job as its ledger names them, and what came of reading them all back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/api/proof.h"
#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"
#include "core/model/ledger_record.h"
#include "core/model/manifest.h"
#include "core/model/recovery_point.h"

namespace tradewind::api {

struct CheckpointView {
  std::uint64_t number = 0;  // of its ledger record
  std::uint64_t epoch = 0;
  LeaseId lease;
  double step = 0;
  Time at;
  ManifestId manifest;
  bool kept = true;         // false: pruned, only the ledger's record is left
  std::uint64_t bytes = 0;  // of the state; 0 when pruned
  std::uint64_t files = 0;
  std::string root_digest = {};
  std::map<std::string, double> metrics = {};  // as the program last reported them
  bool operator==(const CheckpointView&) const = default;
};

struct CheckpointList {
  std::vector<CheckpointView> checkpoints;  // oldest first
  std::string store_url;                    // where they lie, and under which prefix
  std::string prefix;
  bool encrypted = false;           // all that lies there under the prefix
  std::vector<std::string> copies;  // URLs of the stores with further copies
  bool operator==(const CheckpointList&) const = default;
};

struct VerifyResult {
  std::uint64_t manifests = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> problems;  // of the bytes; the proof has its own
  Proof proof;
  bool verified() const { return problems.empty() && proof.problems.empty(); }
  bool operator==(const VerifyResult&) const = default;
};

// Of a record of a checkpoint, and what came of reading its manifest: not_found tells that it was pruned, and
// a corrupt one tells nothing; its other errors.
Result<CheckpointView> checkpoint_view(const LedgerRecord& record, const Result<Manifest>& manifest);

json::value to_json(const RecoveryPoint& view);
json::value to_json(const CheckpointList& list);
Result<RecoveryPoint> recovery_point_from_json(const json::value& value, const std::string& path);
json::value to_json(const VerifyResult& result);
Result<CheckpointList> checkpoint_list_from_json(const json::value& value, const std::string& path);
Result<VerifyResult> verify_result_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
