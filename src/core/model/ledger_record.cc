#include "core/model/ledger_record.h"

#include "core/model/enum_text.h"

namespace tradewind {
namespace {

constexpr std::array<std::string_view, 3> kind_names = {"claim", "checkpoint", "finish"};
constexpr std::array<std::string_view, 3> outcome_names = {"succeeded", "failed", "cancelled"};

}  // namespace

std::string_view to_text(LedgerKind kind) {
  return enum_name(kind_names, kind);
}
std::string_view to_text(Outcome outcome) {
  return enum_name(outcome_names, outcome);
}

json::value to_json(const LedgerRecord& record) {
  json::object object{{"version", LedgerRecord::version},
                      {"number", record.number},
                      {"kind", to_text(record.kind)},
                      {"epoch", record.epoch},
                      {"lease", record.lease.text()},
                      {"at", to_json(record.at)},
                      {"nonce", record.nonce}};
  if (record.kind == LedgerKind::checkpoint) {
    object["manifest"] = record.manifest.text();
    object["step"] = record.step;
    object["root_digest"] = record.root_digest;
  }
  if (record.kind == LedgerKind::finish) {
    object["outcome"] = to_text(record.outcome);
    object["exit_code"] = record.exit_code;
    object["message"] = record.message;
  }
  return object;
}

Result<LedgerRecord> ledger_record_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  // A record that a newer program wrote may mean what this one cannot know: it is refused, not guessed at.
  if (reader.integer("version") != LedgerRecord::version)
    reader.fail("version", "is not one that this program reads");
  LedgerRecord record;
  const std::int64_t number = reader.integer("number");
  const std::int64_t epoch = reader.integer("epoch");
  if (number < 1) reader.fail("number", "is below 1");
  if (epoch < 1) reader.fail("epoch", "is below 1");
  record.number = static_cast<std::uint64_t>(number);
  record.epoch = static_cast<std::uint64_t>(epoch);
  const auto kind = enum_value<LedgerKind>(kind_names, reader.text("kind"));
  if (!kind) reader.fail("kind", "is not claim, checkpoint or finish");
  record.kind = kind.value_or(LedgerKind::claim);
  record.lease = LeaseId(reader.text("lease"));
  record.at = reader.time("at");
  record.nonce = reader.text("nonce");
  if (record.kind == LedgerKind::checkpoint) {
    record.manifest = ManifestId(reader.text("manifest"));
    record.step = reader.number("step");
    record.root_digest = reader.text("root_digest");
  }
  if (record.kind == LedgerKind::finish) {
    const auto outcome = enum_value<Outcome>(outcome_names, reader.text("outcome"));
    if (!outcome) reader.fail("outcome", "is not succeeded, failed or cancelled");
    record.outcome = outcome.value_or(Outcome::failed);
    record.exit_code = static_cast<int>(reader.integer("exit_code"));
    record.message = reader.text_or("message", "");
  }
  TW_RETURN_IF_ERROR(reader.status());
  return record;
}

}  // namespace tradewind
