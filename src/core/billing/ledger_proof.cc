#include "core/billing/ledger_proof.h"

#include <algorithm>
#include <charconv>

namespace tradewind::billing {
namespace {

std::string number_text(double value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

const LeaseRecord* find_lease(const std::vector<LeaseRecord>& leases, const LeaseId& id) {
  const auto found =
      std::find_if(leases.begin(), leases.end(), [&](const LeaseRecord& lease) { return lease.id == id; });
  return found == leases.end() ? nullptr : &*found;
}

// Goes along the chain, and checks each record against those before it.
class ChainReader {
 public:
  explicit ChainReader(LedgerProof& proof) : proof_(proof) {}

  void read(const LedgerRecord& record) {
    const std::string name = "record " + std::to_string(record.number);
    if (record.number != ++proof_.records) {
      problem(name + " stands in the place of " + std::to_string(proof_.records));
    }
    if (proof_.is_finished) problem(name + " stands after the finish");
    if (record.kind == LedgerKind::claim) return read_claim(record, name);
    const bool is_holder = !proof_.epochs.empty() && record.epoch == proof_.epochs.back().epoch &&
                           record.lease == proof_.epochs.back().lease;
    if (!is_holder)
      problem(name + " was written by lease " + record.lease.text() + ", which does not hold the job");
    if (record.kind == LedgerKind::checkpoint) read_checkpoint(record, name);
    if (record.kind == LedgerKind::finish) proof_.is_finished = true;
  }

 private:
  void problem(std::string text) { proof_.problems.push_back(std::move(text)); }

  void read_claim(const LedgerRecord& record, const std::string& name) {
    const std::uint64_t expected = proof_.epochs.empty() ? 1 : proof_.epochs.back().epoch + 1;
    if (record.epoch != expected) {
      problem(name + " claims epoch " + std::to_string(record.epoch) + " where " + std::to_string(expected) +
              " is next");
    }
    EpochRange range;
    range.epoch = record.epoch;
    range.lease = record.lease;
    range.from = range.to = range.done = saved_step_;
    range.restored = saved_;
    proof_.epochs.push_back(std::move(range));
  }

  void read_checkpoint(const LedgerRecord& record, const std::string& name) {
    ++proof_.checkpoints;
    if (record.step < saved_step_) {
      problem(name + " saves step " + number_text(record.step) + ", behind step " + number_text(saved_step_) +
              " that was saved before it");
    }
    saved_step_ = record.step;
    saved_ = record.manifest;
    if (!proof_.epochs.empty()) proof_.epochs.back().to = record.step;
  }

  LedgerProof& proof_;
  double saved_step_ = 0;
  ManifestId saved_;
};

// What each lease says about its own epoch must agree with the chain.
void compare_with_lease(LedgerProof& proof, EpochRange& range, const LeaseRecord* lease, bool is_last) {
  const std::string name = "epoch " + std::to_string(range.epoch);
  if (lease == nullptr) {
    proof.problems.push_back(name + " was claimed by lease " + range.lease.text() + ", which is unknown");
    return;
  }
  range.done = std::max(range.to, lease->last_step);
  if (is_last) range.to = range.done;
  range.redone = range.done - range.to;
  if (!lease->status || !lease->status->program_started_at) return;
  if (lease->first_step != range.from) {
    proof.problems.push_back(name + " began at step " + number_text(lease->first_step) +
                             ", but the chain had saved step " + number_text(range.from));
  }
  range.restored_digest = lease->status->restored_digest;
  if (range.restored.empty()) return;
  range.is_digest_equal = !range.saved_digest.empty() && range.saved_digest == range.restored_digest;
  if (range.restored_digest.empty()) {
    proof.problems.push_back(name + " does not say what it restored");
  } else if (range.saved_digest.empty()) {
    proof.problems.push_back(name + " restored a checkpoint whose digest is not known");
  } else if (!range.is_digest_equal) {
    proof.problems.push_back(name + " restored other bytes than were saved");
  }
}

// Root digests by manifest: those of the chain, those given, and of each lease the one of the newest
// checkpoint that it committed.
std::map<ManifestId, std::string> all_digests(const std::vector<LedgerRecord>& ledger,
                                              const std::vector<LeaseRecord>& leases,
                                              std::map<ManifestId, std::string> digests) {
  for (const LedgerRecord& record : ledger) {
    if (!record.root_digest.empty()) digests[record.manifest] = record.root_digest;
  }
  for (const LeaseRecord& lease : leases) {
    if (!lease.status || lease.status->saved_digest.empty()) continue;
    const auto newest = std::find_if(ledger.rbegin(), ledger.rend(), [&](const LedgerRecord& record) {
      return record.kind == LedgerKind::checkpoint && record.lease == lease.id;
    });
    const bool is_that_one = newest != ledger.rend() && newest->step == lease.status->saved_step;
    if (is_that_one) digests.emplace(newest->manifest, lease.status->saved_digest);
  }
  return digests;
}

json::value to_json(const EpochRange& range) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return json::object{
      {"epoch", range.epoch},
      {"lease", range.lease.text()},
      {"from", range.from},
      {"to", range.to},
      {"done", range.done},
      {"redone", range.redone},
      {"restored", or_null(range.restored.text())},
      {"saved_digest", or_null(range.saved_digest)},
      {"restored_digest", or_null(range.restored_digest)},
      {"digest_equal", range.restored.empty() ? json::value(nullptr) : json::value(range.is_digest_equal)}};
}

}  // namespace

LedgerProof prove(const std::vector<LedgerRecord>& ledger, const std::vector<LeaseRecord>& leases,
                  const std::map<ManifestId, std::string>& digests) {
  LedgerProof proof;
  ChainReader reader(proof);
  for (const LedgerRecord& record : ledger) reader.read(record);
  const std::map<ManifestId, std::string> known = all_digests(ledger, leases, digests);
  for (EpochRange& range : proof.epochs) {
    const auto digest = known.find(range.restored);
    if (digest != known.end()) range.saved_digest = digest->second;
    compare_with_lease(proof, range, find_lease(leases, range.lease), &range == &proof.epochs.back());
    proof.redone_steps += range.redone;
  }
  for (std::size_t i = 1; i < proof.epochs.size(); ++i) {
    if (proof.epochs[i].from == proof.epochs[i - 1].to) continue;
    proof.problems.push_back("epochs " + std::to_string(proof.epochs[i - 1].epoch) + " and " +
                             std::to_string(proof.epochs[i].epoch) + " do not meet");
  }
  if (proof.epochs.empty()) {
    proof.problems.emplace_back("nobody has claimed the job");
    return proof;
  }
  proof.first_step = proof.epochs.front().from;
  proof.last_step = proof.epochs.back().to;
  return proof;
}

json::value to_json(const LedgerProof& proof) {
  json::array epochs;
  for (const EpochRange& range : proof.epochs) epochs.push_back(to_json(range));
  return json::object{{"proven", proof.proven()},
                      {"records", proof.records},
                      {"checkpoints", proof.checkpoints},
                      {"first_step", proof.first_step},
                      {"last_step", proof.last_step},
                      {"redone_steps", proof.redone_steps},
                      {"finished", proof.is_finished},
                      {"epochs", std::move(epochs)},
                      {"problems", tradewind::to_json(proof.problems)}};
}

}  // namespace tradewind::billing
