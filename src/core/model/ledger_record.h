// One link of a job's ledger: the total order of who wrote what. Format: docs/formats/ledger.md.
#pragma once

#include <cstdint>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind {

enum class LedgerKind { claim, checkpoint, finish };
enum class Outcome { succeeded, failed, cancelled };

struct LedgerRecord {
  static constexpr int version = 1;
  std::uint64_t number = 0;  // place in the chain, from 1, without gaps
  LedgerKind kind = LedgerKind::claim;
  std::uint64_t epoch = 0;  // of the writer; claims count up from 1
  LeaseId lease;
  Time at;            // the writer's clock: for people, never for order
  std::string nonce;  // random: a writer whose reply was lost recognises its own record by it
  // checkpoint
  ManifestId manifest = {};
  double step = 0;
  std::string root_digest =
      {};  // of the files: what a restore must come to, also once the manifest is pruned
  // finish
  Outcome outcome = Outcome::succeeded;
  int exit_code = 0;
  std::string message = {};
  bool operator==(const LedgerRecord&) const = default;
};

std::string_view to_text(LedgerKind kind);
std::string_view to_text(Outcome outcome);
json::value to_json(const LedgerRecord& record);
// Refuses unknown versions, kinds and outcomes, and numbers and epochs below 1.
Result<LedgerRecord> ledger_record_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
