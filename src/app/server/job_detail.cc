#include "app/server/job_detail.h"

#include "app/api/json_list.h"
#include "app/server/views.h"
#include "core/billing/receipt.h"
#include "core/model/decision.h"
#include "edge/checkpoint/ledger.h"

namespace tradewind::server {
namespace {

// One copy of all that the state says about a job, so that no lock is held while stores are read.
struct Known {
  JobRecord job;
  api::JobSummary summary;
  std::vector<LeaseRecord> leases;
  std::vector<MoveRecord> moves;
  std::vector<api::MoveView> move_views;
};

Result<Known> known_of(const Serving& serving, const JobId& id, Time now) {
  return read_state<Known>(serving, [&](const ClusterState& state) -> Result<Known> {
    const auto job = state.jobs.find(id);
    if (job == state.jobs.end()) return Error{Code::not_found, "no job has the id " + id.text()};
    Known known{job->second, job_summary(state, job->second, now), {}, {}, moves_of(state, id)};
    for (const LeaseRecord* lease : leases_of(state, job->second)) known.leases.push_back(*lease);
    for (const api::MoveView& move : known.move_views) known.moves.push_back(state.moves.at(move.id));
    return known;
  });
}

billing::Receipt receipt_of(const Serving& serving, const Known& known,
                            const std::vector<LedgerRecord>& ledger, Time now) {
  billing::ReceiptInput input;
  input.job = known.job;
  input.leases = known.leases;
  input.moves = known.moves;
  input.ledger = ledger;
  input.digests = starting_digests(serving, known.job.id, ledger);
  if (serving.market.offers) input.offers = serving.market.offers();
  input.prices = serving.market.prices;
  input.now = now;
  return billing::make_receipt(input);
}

// What the job's policy decided, in order.
Result<json::array> decisions_of(const Serving& serving, const JobId& job) {
  constexpr std::size_t page = 1000;
  json::array decisions;
  std::uint64_t after = 0;
  for (;;) {
    TW_ASSIGN_OR_RETURN(const std::vector<store::HistoryEntry> entries,
                        serving.plane.history({job.text(), after, page}));
    for (const store::HistoryEntry& entry : entries) {
      after = entry.sequence;
      if (entry.kind != decided_kind) continue;
      if (const auto decision = decision_of(entry.detail)) decisions.push_back(to_json(*decision, entry.at));
    }
    if (entries.size() < page) return decisions;
  }
}

}  // namespace

Result<std::vector<LedgerRecord>> ledger_of(const Serving& serving, const JobId& job) {
  TW_ASSIGN_OR_RETURN(mailbox::Mailbox box, serving.plane.mailbox_of(job));
  return checkpoint::read_ledger(box.store(), box.prefix(), 0);
}

std::map<ManifestId, std::string> starting_digests(const Serving& serving, const JobId& job,
                                                   const std::vector<LedgerRecord>& ledger) {
  std::map<ManifestId, std::string> digests;
  const Result<checkpoint::ChunkPlace> place = serving.plane.chunks_of(job);
  if (!place.ok()) return digests;
  const LedgerRecord* saved = nullptr;
  for (const LedgerRecord& record : ledger) {
    if (record.kind == LedgerKind::checkpoint) saved = &record;
    if (record.kind != LedgerKind::claim || saved == nullptr || digests.contains(saved->manifest)) continue;
    const Result<Manifest> manifest = checkpoint::read_manifest(*place, saved->manifest);
    if (manifest.ok()) digests[saved->manifest] = manifest->root_digest;
  }
  return digests;
}

Result<json::object> job_detail(const Serving& serving, const JobId& id) {
  const Time now = serving.clock.now();
  TW_ASSIGN_OR_RETURN(const Known known, known_of(serving, id, now));
  std::vector<std::string> warnings;
  Result<std::vector<LedgerRecord>> ledger = ledger_of(serving, id);
  if (!ledger.ok()) {
    warnings.push_back("the ledger cannot be read: " + describe(ledger.error()));
    ledger = std::vector<LedgerRecord>{};
  }
  json::array leases;
  for (const LeaseRecord& lease : known.leases) leases.emplace_back(to_json(lease_view(lease, now)));
  const billing::Receipt receipt = receipt_of(serving, known, *ledger, now);

  json::object detail = to_json(known.summary).as_object();
  detail["spec"] = to_json(known.job.spec);
  detail["home"] = known.job.home;
  detail["epoch"] = known.job.epoch;
  detail["leases"] = std::move(leases);
  detail["ledger"] = api::list_to_json(*ledger);
  detail["moves"] = api::list_to_json(known.move_views);
  detail["charges"] = api::list_to_json(receipt.charges);
  detail["receipt"] = to_json(receipt);
  Result<json::array> decisions = decisions_of(serving, id);
  if (!decisions.ok()) {
    warnings.push_back("the policy's decisions cannot be read: " + describe(decisions.error()));
    decisions = json::array{};
  }
  detail["decisions"] = *std::move(decisions);
  detail["warnings"] = to_json(warnings);
  return detail;
}

}  // namespace tradewind::server
