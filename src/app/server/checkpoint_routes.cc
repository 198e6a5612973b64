#include "app/api/checkpoint_list.h"
#include "app/server/job_detail.h"
#include "app/server/progress_points.h"
#include "app/server/serving.h"
#include "app/server/views.h"
#include "edge/checkpoint/recovery.h"

namespace tradewind::server {
namespace {

// The manifests that the ledger names: what they hold, or that they were pruned.
Result<std::vector<api::CheckpointView>> checkpoints_of(const checkpoint::ChunkPlace& place,
                                                        const std::vector<LedgerRecord>& ledger) {
  std::vector<api::CheckpointView> views;
  for (const LedgerRecord& record : ledger) {
    if (record.kind != LedgerKind::checkpoint) continue;
    const Result<Manifest> manifest = checkpoint::read_manifest(place, record.manifest);
    TW_ASSIGN_OR_RETURN(api::CheckpointView view, api::checkpoint_view(record, manifest));
    views.push_back(std::move(view));
  }
  return views;
}

Result<io::HttpResponse> list(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId job, job_of(serving, call));
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> ledger, ledger_of(serving, job));
  TW_ASSIGN_OR_RETURN(mailbox::Mailbox box, serving.plane.mailbox_of(job));
  api::CheckpointList listed;
  TW_ASSIGN_OR_RETURN(const checkpoint::ChunkPlace place, serving.plane.chunks_of(job));
  TW_ASSIGN_OR_RETURN(listed.checkpoints, checkpoints_of(place, ledger));
  listed.store_url = box.store().url();
  listed.prefix = box.prefix();
  for (const objectstore::ObjectStore* const copy : place.standby) listed.copies.push_back(copy->url());
  TW_ASSIGN_OR_RETURN(listed.encrypted,
                      read_state<bool>(serving, [&](const ClusterState& state) -> Result<bool> {
                        return state.jobs.at(job).spec.checkpoint.encrypt;
                      }));
  return json_response(200, to_json(listed));
}

// Apart from the list, which who restores asks for too: a store with copies that is away takes its time.
Result<io::HttpResponse> recovery(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId job, job_of(serving, call));
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> ledger, ledger_of(serving, job));
  TW_ASSIGN_OR_RETURN(const checkpoint::ChunkPlace place, serving.plane.chunks_of(job));
  json::array points;
  for (const RecoveryPoint& point : checkpoint::recovery_points(place, ledger)) {
    points.push_back(api::to_json(point));
  }
  return json_response(200, json::object{{"recovery", std::move(points)}});
}

Result<std::vector<api::LeaseView>> leases_of_job(const Serving& serving, const JobId& job) {
  const Time now = serving.clock.now();
  return read_state<std::vector<api::LeaseView>>(
      serving, [&](const ClusterState& state) -> Result<std::vector<api::LeaseView>> {
        std::vector<api::LeaseView> leases;
        for (const LeaseRecord* lease : leases_of(state, state.jobs.at(job)))
          leases.push_back(lease_view(*lease, now));
        return leases;
      });
}

// Reads every byte of every checkpoint back, and proves from the ledger that each step was counted once.
Result<io::HttpResponse> verify(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId job, job_of(serving, call));
  TW_ASSIGN_OR_RETURN(const checkpoint::ChunkPlace place, serving.plane.chunks_of(job));
  TW_ASSIGN_OR_RETURN(checkpoint::VerifyReport report, checkpoint::verify(place));
  api::ProofInput input;
  TW_ASSIGN_OR_RETURN(input.ledger, ledger_of(serving, job));
  TW_ASSIGN_OR_RETURN(input.leases, leases_of_job(serving, job));
  TW_ASSIGN_OR_RETURN(input.progress, all_points(serving, job));
  for (const auto& [manifest, digest] : starting_digests(serving, job, input.ledger)) {
    input.digests[manifest.text()] = digest;
  }
  const api::VerifyResult result{report.manifests, report.chunks, report.bytes, std::move(report.problems),
                                 api::prove(input)};
  return json_response(200, to_json(result));
}

}  // namespace

std::vector<Route> checkpoint_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back(
      {"GET", "/v1/jobs/{id}/checkpoints", [&serving](const Call& call) { return list(serving, call); }});
  routes.push_back(
      {"GET", "/v1/jobs/{id}/recovery", [&serving](const Call& call) { return recovery(serving, call); }});
  routes.push_back(
      {"POST", "/v1/jobs/{id}/verify", [&serving](const Call& call) { return verify(serving, call); }});
  return routes;
}

}  // namespace tradewind::server
