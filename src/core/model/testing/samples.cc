#include "core/model/testing/samples.h"

namespace tradewind {
namespace {

Time at(const char* text) {
  return parse_utc(text).value_or({});
}

Money usd(const char* amount) {
  return Money::parse(amount).value_or({});
}

const std::string digest_a(64, 'a');
const std::string digest_b(64, 'b');

}  // namespace

Offer sample_offer() {
  Offer offer;
  offer.location = {"aws", "us-east-1", "us-east-1a"};
  offer.instance_type = "p5.48xlarge";
  offer.accelerator = Accelerator{"H100", 8, 80};
  offer.vcpus = 192;
  offer.memory_gib = 2048;
  offer.purchase = Purchase::spot;
  offer.price_per_hour = usd("27.5304");
  offer.observed_on = "2026-07-20";
  offer.source = "https://example.com/prices";
  offer.cold_start = Duration(180'000);
  offer.notice_lead = Duration(120'500);
  return offer;
}

JobSpec sample_spec() {
  JobSpec spec;
  spec.name = "bible-gpt";
  spec.resources.accelerators = {{"H100", 8}, {"T4", 0.5}};
  spec.resources.infra = {{"aws", "us-east-1"}, {"local"}};
  spec.resources.instance_type = "p5.48xlarge";
  spec.resources.cpus = AmountRequest{96, true};
  spec.resources.memory_gib = AmountRequest{0.1, false};
  spec.resources.use_spot = true;
  spec.resources.max_hourly_cost = usd("55.50");
  spec.resources.disk_size_gb = 256;
  spec.resources.max_restarts_on_errors = 2;
  spec.resources.ports = {"8080", "9000-9010"};
  spec.resources.labels = {{"team", "nlp"}};
  ResourceRequest alternative;
  alternative.infra = {{"gcp"}};
  alternative.use_spot = false;
  spec.resources.any_of = {alternative};
  spec.resources.ordered = {ResourceRequest{}, alternative};
  spec.num_nodes = 2;
  spec.workdir = "/home/ann/한글 dir";
  spec.setup = "pip install -r requirements.txt";
  spec.run = "set -e\npython3 train.py --note \"a\\b\"\n";
  spec.envs = {{"EMPTY", ""}, {"LR", "3e-4"}};
  spec.secrets = {"HF_TOKEN"};
  spec.file_mounts = {{"/data", {"s3://corpus"}}, {"ckpt", {"gs://b", MountMode::mount}}};
  spec.inputs = {{"corpus", {"s3://corpus", 100.5}}};
  spec.outputs = {"out"};
  spec.output_copies = {{"out", "s3://results/a"}};
  spec.duration = Duration(18'000'500);
  spec.work = {"token", 3e11, {{"H100", 1500.5}, {"cpu", 1.0 / 3.0}}};
  spec.deadline_after = Duration(21'600'000);
  spec.deadline_at = at("2026-11-24T18:30:00.125Z");
  spec.budget = usd("25.000000001");
  spec.checkpoint = {"state", Duration(900'000), "SIGUSR1", 5, {"local", "s3://bucket/x"}, 24, 7};
  spec.checkpoint.keep_best = KeepBest{"accuracy", 2, true};
  spec.checkpoint.encrypt = true;
  spec.checkpoint.bandwidth = "08:00,20MiB/s 23:00,off";
  spec.avoid = {{"azure"}, {"gcp", "us-central1"}};
  spec.max_share = {{"aws", 0.6}};
  spec.priority = -7;
  spec.policy = "failover";
  spec.waiting_cost = Money::parse("3").value();
  spec.kept["service"] = json::object{{"replicas", 2}, {"ratio", 0.1}, {"none", nullptr}};
  return spec;
}

AgentStatus sample_status() {
  AgentStatus status;
  status.lease = LeaseId("l-00000000000000000001");
  status.job = JobId("j-0123456789");
  status.sequence = 42;
  status.agent_time = at("2026-11-24T02:00:01.250Z");
  status.phase = AgentPhase::saving;
  status.epoch = 2;
  status.step = 120;
  status.total_steps = 500;
  status.rate_per_s = 2.0 / 3.0;
  status.metrics = {{"loss", 2.8}, {"tokens_per_s", 13200}};
  status.saved_step = 100;
  status.resumed_step = 80;
  status.saved_digest = digest_a;
  status.restored_digest = digest_b;
  status.program_started_at = at("2026-11-24T01:59:00Z");
  status.program_stopped_at = at("2026-11-24T02:00:00Z");
  status.notice = PreemptionNotice{at("2026-11-24T01:59:50Z"), at("2026-11-24T02:01:50Z"), "reclaimed"};
  status.exit_code = 143;
  status.message = "saving before the preemption";
  status.bytes_moved = 1'000'000;
  status.bytes_reused = 2'000'000;
  status.bytes_saved = 3'000'000;
  status.save_cost_s = 1.5;
  status.orders_done = 3;
  status.log_segments = 4;
  status.progress_segments = 5;
  status.cpu_s = 61.25;
  status.resident_bytes = 900'000'000;
  return status;
}

Order sample_order() {
  return {3,   OrderKind::stop, at("2026-11-24T02:00:00Z"), "the job is moved", at("2026-11-24T03:00:00Z"),
          true};
}

JobRecord sample_job() {
  JobRecord job;
  job.id = JobId("j-0123456789");
  job.spec = sample_spec();
  job.state = JobState::recovering;
  job.submitted_at = at("2026-11-24T01:00:00Z");
  job.started_at = at("2026-11-24T01:01:00Z");
  job.ended_at = at("2026-11-24T03:00:00Z");
  job.deadline = at("2026-11-24T07:00:00Z");
  job.home = "local";
  job.leases = {LeaseId("l-00000000000000000001"), LeaseId("l-00000000000000000002")};
  job.move = MoveId("m-0123456789");
  job.failures = 1;
  job.ledger_number = 9;
  job.epoch = 2;
  job.saved = SavedPoint{8, 2, ManifestId(digest_a), 100, at("2026-11-24T01:58:00Z")};
  job.step = 120;
  job.total_steps = 500;
  job.metrics = {{"loss", 2.8}};
  job.cancel_requested = true;
  job.exit_code = 1;
  job.reason = "its machine was taken";
  return job;
}

LeaseRecord sample_lease() {
  LeaseRecord lease;
  lease.id = LeaseId("l-00000000000000000001");
  lease.job = JobId("j-0123456789");
  lease.attempt = 2;
  lease.role = LeaseRole::target;
  lease.state = LeaseState::releasing;
  lease.offer = sample_offer();
  lease.intended_at = at("2026-11-24T01:00:01Z");
  lease.instance = InstanceRef{{"aws", "us-east-1", "us-east-1a"}, InstanceId("i-0abc")};
  lease.launched_at = at("2026-11-24T01:00:02Z");
  lease.ended_at = at("2026-11-24T02:02:00Z");
  lease.released_at = at("2026-11-24T02:01:00Z");
  lease.end = LeaseEnd::preempted;
  lease.reason = "reclaimed";
  lease.refusal = Code::insufficient_capacity;
  lease.pinned = true;
  lease.status = sample_status();
  lease.status_changed_at = at("2026-11-24T02:00:02Z");
  lease.first_heard_at = at("2026-11-24T01:02:03Z");
  lease.started_at = at("2026-11-24T01:02:00Z");
  lease.unseen_since = at("2026-11-24T02:00:30Z");
  lease.missed_lists = 1;
  lease.orders = 3;
  lease.pending_order = sample_order();
  lease.first_step = 80;
  lease.last_step = 120;
  return lease;
}

MoveRecord sample_move() {
  MoveRecord move;
  move.id = MoveId("m-0123456789");
  move.job = JobId("j-0123456789");
  move.from = LeaseId("l-00000000000000000001");
  move.to = LeaseId("l-00000000000000000002");
  move.target = {"gcp", "us-central1"};
  move.by_policy = true;
  move.state = MoveState::resuming;
  move.requested_at = at("2026-11-24T02:00:00Z");
  move.stopped_at = at("2026-11-24T02:00:10Z");
  move.resumed_at = at("2026-11-24T02:00:14.5Z");
  move.ended_at = at("2026-11-24T02:00:20Z");
  move.step_saved = 120;
  move.step_resumed = 120;
  move.bytes_moved = 5'000'000'000;
  move.bytes_reused = 1;
  move.digest_saved = digest_a;
  move.digest_restored = digest_a;
  move.reason = "asked for";
  return move;
}

LedgerRecord sample_ledger_record(LedgerKind kind) {
  LedgerRecord record;
  record.number = 9;
  record.kind = kind;
  record.epoch = 2;
  record.lease = LeaseId("l-00000000000000000001");
  record.at = at("2026-11-24T02:00:00Z");
  record.nonce = "0123456789abcdef";
  if (kind == LedgerKind::checkpoint) {
    record.manifest = ManifestId(digest_a);
    record.step = 120;
    record.root_digest = digest_b;
  }
  if (kind == LedgerKind::finish) {
    record.outcome = Outcome::failed;
    record.exit_code = 3;
    record.message = "the program ended with 3";
  }
  return record;
}

Manifest sample_manifest() {
  Manifest manifest;
  manifest.job = JobId("j-0123456789");
  manifest.epoch = 2;
  manifest.lease = LeaseId("l-00000000000000000001");
  manifest.step = 120;
  manifest.parent = ManifestId(digest_b);
  manifest.created_at = at("2026-11-24T02:00:00Z");
  manifest.files = {{"latest", FileKind::symlink, 0777, 0, 1, "model/step 120.pt", {}},
                    {"model", FileKind::directory, 0755, 0, 2, "", {}},
                    {"model/한글.pt", FileKind::file, 0644, 30, -5, "", {{digest_a, 10}, {digest_b, 20}}}};
  manifest.root_digest = digest_b;
  return manifest;
}

}  // namespace tradewind
