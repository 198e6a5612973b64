#include "edge/checkpoint/ledger.h"

#include <cstdio>

#include "core/model/json.h"
#include "edge/mailbox/mailbox.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ObjectStore;
using objectstore::PutCondition;

std::string record_key(const std::string& job_prefix, std::uint64_t number) {
  return job_prefix + "ledger/" + mailbox::eight_digits(number);
}

Error corrupt(const std::string& key, const std::string& problem) {
  return {Code::corrupt, "ledger record " + key + ": " + problem,
          "restore the object from a copy; nothing after it can be trusted"};
}

Result<LedgerRecord> parse_record(const std::string& key, std::uint64_t number, const std::string& bytes) {
  const Result<json::value> value = parse_json(bytes);
  if (!value.ok()) return corrupt(key, value.error().message);
  Result<LedgerRecord> record = ledger_record_from_json(*value, "record");
  if (!record.ok()) return corrupt(key, record.error().message);
  if (record->number != number) return corrupt(key, "it says it is number " + std::to_string(record->number));
  return record;
}

Error broken_chain(const LedgerRecord& record, const std::string& problem) {
  return {Code::corrupt, "ledger record " + std::to_string(record.number) + " " + problem};
}

Error fenced_by(const LedgerView& view) {
  if (view.finish)
    return {Code::fenced, "the job has finished: " + std::string(to_text(view.finish->outcome))};
  return {Code::fenced,
          "epoch " + std::to_string(view.epoch) + " of lease " + view.holder.text() + " owns the job"};
}

}  // namespace

Status fold(LedgerView& view, const LedgerRecord& record) {
  if (record.number != view.number + 1)
    return broken_chain(record, "does not follow record " + std::to_string(view.number));
  if (view.finish) return broken_chain(record, "comes after the finish");
  if (record.kind == LedgerKind::claim) {
    if (record.epoch != view.epoch + 1) return broken_chain(record, "claims an epoch that is not the next");
    view.epoch = record.epoch;
    view.holder = record.lease;
  } else {
    if (record.epoch != view.epoch || record.lease != view.holder) {
      return broken_chain(record, "is of an epoch that does not hold the job");
    }
    if (record.kind == LedgerKind::checkpoint) view.saved = record;
    if (record.kind == LedgerKind::finish) view.finish = record;
  }
  view.number = record.number;
  return {};
}

Result<std::vector<LedgerRecord>> read_ledger(ObjectStore& store, const std::string& job_prefix,
                                              std::uint64_t after) {
  std::vector<LedgerRecord> records;
  const std::string prefix = job_prefix + "ledger/";
  std::uint64_t number = after;
  while (true) {
    TW_ASSIGN_OR_RETURN(const objectstore::ObjectPage page,
                        store.list(prefix, record_key(job_prefix, number), 1000));
    for (const objectstore::ObjectInfo& object : page.objects) {
      if (object.key != record_key(job_prefix, number + 1))
        return records;  // a gap: read on when it is filled
      TW_ASSIGN_OR_RETURN(const std::string bytes, store.get(object.key));
      TW_ASSIGN_OR_RETURN(LedgerRecord record, parse_record(object.key, ++number, bytes));
      records.push_back(std::move(record));
    }
    if (!page.more || page.objects.empty()) return records;
  }
}

LedgerWriter::LedgerWriter(ObjectStore& store, std::string job_prefix, LeaseId lease)
    : store_(store), job_prefix_(std::move(job_prefix)), lease_(std::move(lease)) {}

std::string LedgerWriter::next_nonce() {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%016llx-%llu", static_cast<unsigned long long>(seed_),
                static_cast<unsigned long long>(++nonces_));
  return buffer;
}

Status LedgerWriter::refresh() {
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> records,
                      read_ledger(store_, job_prefix_, view_.number));
  for (const LedgerRecord& record : records) {
    TW_RETURN_IF_ERROR(fold(view_, record));
    if (unsettled_ && record.nonce == unsettled_->nonce) {
      if (record.kind == LedgerKind::claim) epoch_ = record.epoch;
      unsettled_.reset();  // it had been written after all
    }
  }
  const bool own_finish = view_.finish && view_.finish->lease == lease_;
  if (epoch_ > 0 && (view_.epoch > epoch_ || (view_.finish && !own_finish))) return fenced_by(view_);
  return {};
}

Status LedgerWriter::claim(Time now, std::uint64_t seed) {
  if (seed_ == 0) seed_ = seed;
  TW_RETURN_IF_ERROR(refresh());
  if (epoch_ > 0) return {};  // an earlier try whose reply was lost
  if (view_.finish) return fenced_by(view_);
  LedgerRecord record;
  record.kind = LedgerKind::claim;
  record.epoch = view_.epoch + 1;
  record.at = now;
  const Result<LedgerRecord> written = append(std::move(record));
  if (!written.ok()) return written.error();
  epoch_ = written->epoch;
  return {};
}

Result<LedgerRecord> LedgerWriter::append_checkpoint(Time now, const ManifestId& manifest,
                                                     const std::string& root_digest, double step) {
  TW_RETURN_IF_ERROR(refresh());
  if (view_.saved && view_.saved->epoch == epoch_ && view_.saved->manifest == manifest &&
      view_.saved->step == step) {
    return *view_.saved;  // an earlier try whose reply was lost
  }
  LedgerRecord record;
  record.kind = LedgerKind::checkpoint;
  record.epoch = epoch_;
  record.at = now;
  record.manifest = manifest;
  record.root_digest = root_digest;
  record.step = step;
  return append(std::move(record));
}

Result<LedgerRecord> LedgerWriter::append_finish(Time now, Outcome outcome, int exit_code,
                                                 const std::string& message) {
  TW_RETURN_IF_ERROR(refresh());
  if (view_.finish) return *view_.finish;  // refresh lets only our own pass
  LedgerRecord record;
  record.kind = LedgerKind::finish;
  record.epoch = epoch_;
  record.at = now;
  record.outcome = outcome;
  record.exit_code = exit_code;
  record.message = message;
  return append(std::move(record));
}

Result<LedgerRecord> LedgerWriter::append(LedgerRecord record) {
  record.number = view_.number + 1;
  record.lease = lease_;
  record.nonce = next_nonce();
  unsettled_ = record;
  const std::string key = record_key(job_prefix_, record.number);
  const Status put = store_.put(key, to_text(to_json(record)), PutCondition::if_absent);
  if (put.ok()) {
    unsettled_.reset();
    TW_RETURN_IF_ERROR(fold(view_, record));
    return record;
  }
  if (put.error().code != Code::conflict) return put.error();
  // Taken: by ourselves, when a reply was lost below us, or by another writer.
  const std::uint64_t number = record.number;
  TW_RETURN_IF_ERROR(refresh());
  if (!unsettled_ && view_.number >= number) return record;
  unsettled_.reset();
  return Error{Code::conflict, "ledger record " + std::to_string(number) + " was written by another",
               "read on and try again"};
}

}  // namespace tradewind::checkpoint
