#include "app/server/testing/story.h"

#include "edge/checkpoint/ledger.h"

namespace tradewind::server::testing {
namespace {

Time minute(int count) {
  return parse_utc("2026-03-01T12:00:00Z").value_or({}) + std::chrono::minutes(count);
}

struct Stay {
  const char* lease;
  int attempt;
  const char* zone;
  Purchase purchase;
  std::int64_t nanos_per_hour;
  int from_minute;
  int to_minute;
  int first_step;
  int last_step;
  int saved_step;
  LeaseEnd end;
};

constexpr Stay stays[] = {
    {"l-story1", 1, "harbour", Purchase::spot, 900'000'000, 0, 13, 0, 130, 100, LeaseEnd::preempted},
    {"l-story2", 2, "delta", Purchase::spot, 1'200'000'000, 14, 30, 100, 250, 250, LeaseEnd::moved},
    {"l-story3", 3, "cape", Purchase::on_demand, 3'000'000'000, 28, 46, 250, 400, 400, LeaseEnd::finished}};

std::string digest_at(int step) {
  return step == 0 ? "" : std::string(60, 'd') + std::to_string(1000 + step);
}

ManifestId manifest_at(int step) {
  return ManifestId(std::string(60, 'a') + std::to_string(1000 + step));
}

LeaseRecord lease_of(const Stay& stay) {
  LeaseRecord lease;
  lease.id = LeaseId(stay.lease);
  lease.job = story_job;
  lease.attempt = stay.attempt;
  lease.state = LeaseState::ended;
  lease.offer.location = {"local", stay.zone};
  lease.offer.instance_type = "zone.large";
  lease.offer.vcpus = 2;
  lease.offer.purchase = stay.purchase;
  lease.offer.price_per_hour = Money(stay.nanos_per_hour);
  lease.intended_at = minute(stay.from_minute);
  lease.launched_at = minute(stay.from_minute);
  lease.ended_at = minute(stay.to_minute);
  lease.instance = InstanceRef{lease.offer.location, InstanceId(std::string("i-") + stay.zone)};
  lease.end = stay.end;
  lease.reason = stay.end == LeaseEnd::preempted ? "the supplier took the place back" : "";
  lease.first_step = stay.first_step;
  lease.last_step = stay.last_step;
  AgentStatus status;
  status.lease = lease.id;
  status.job = story_job;
  status.phase = stay.end == LeaseEnd::finished ? AgentPhase::finished : AgentPhase::stopped;
  status.epoch = static_cast<std::uint64_t>(stay.attempt);
  status.step = stay.last_step;
  status.total_steps = 400;
  status.saved_step = stay.saved_step;
  status.resumed_step = stay.first_step;
  status.saved_digest = digest_at(stay.saved_step);
  status.restored_digest = digest_at(stay.first_step);
  status.program_started_at = minute(stay.from_minute + 1);
  status.program_stopped_at = minute(stay.to_minute);
  status.bytes_moved = stay.attempt == 1 ? 0 : 3'000'000;
  status.bytes_reused = stay.attempt == 3 ? 9'000'000 : 0;
  status.log_segments = 1;
  status.progress_segments = 1;
  lease.status = status;
  return lease;
}

JobRecord finished_job() {
  JobRecord job;
  job.id = story_job;
  job.spec.name = "train";
  job.spec.run = "python3 train.py";
  job.spec.checkpoint.path = "out";
  job.state = JobState::succeeded;
  job.submitted_at = minute(0);
  job.started_at = minute(1);
  job.ended_at = minute(46);
  job.home = "memory";
  for (const Stay& stay : stays) job.leases.emplace_back(stay.lease);
  job.ledger_number = 7;
  job.epoch = 3;
  job.step = 400;
  job.total_steps = 400;
  job.metrics = {{"loss", 1.75}};
  job.saved = SavedPoint{6, 3, manifest_at(400), 400, minute(45)};
  job.exit_code = 0;
  job.reason = "the program ended well";
  return job;
}

MoveRecord the_move() {
  MoveRecord move;
  move.id = MoveId("m-story00001");
  move.job = story_job;
  move.from = LeaseId("l-story2");
  move.to = LeaseId("l-story3");
  move.target = {"local", "cape"};
  move.state = MoveState::done;
  move.requested_at = minute(28);
  move.stopped_at = minute(30);
  move.resumed_at = minute(30) + Duration(1250);
  move.ended_at = minute(31);
  move.step_saved = 250;
  move.step_resumed = 250;
  move.bytes_moved = 3'000'000;
  move.bytes_reused = 9'000'000;
  move.digest_saved = digest_at(250);
  move.digest_restored = digest_at(250);
  return move;
}

void write_ledger(FakeControlPlane& plane) {
  const std::string prefix = plane.box(story_job).prefix();
  for (const Stay& stay : stays) {
    checkpoint::LedgerWriter writer(plane.home(), prefix, LeaseId(stay.lease));
    if (!writer.claim(minute(stay.from_minute), static_cast<std::uint64_t>(stay.attempt)).ok()) return;
    (void)writer.append_checkpoint(minute(stay.to_minute - 1), manifest_at(stay.saved_step),
                                   digest_at(stay.saved_step), stay.saved_step);
    if (stay.end == LeaseEnd::finished) {
      (void)writer.append_finish(minute(stay.to_minute), Outcome::succeeded, 0, "");
    }
  }
}

void write_segments(FakeControlPlane& plane) {
  mailbox::Mailbox box = plane.box(story_job);
  for (const Stay& stay : stays) {
    const LeaseId lease(stay.lease);
    (void)box.write_log(lease, 1, std::string("hello from ") + stay.zone + "\n");
    std::string lines;
    for (int step = stay.first_step + 1; step <= stay.last_step; ++step) {
      json::object line{
          {"at", format_utc(minute(stay.from_minute) + Duration(6000 * (step - stay.first_step)))},
          {"step", step},
          {"total", 400},
          {"metrics", json::object{{"loss", 1.75 + 3.0 * (400 - step) / 400}}}};
      lines += to_text(json::value(std::move(line))) + "\n";
    }
    (void)box.write_progress(lease, 1, lines);
  }
}

void add_live_job(ClusterState& state) {
  LeaseRecord lease;
  lease.id = LeaseId("l-alive1");
  lease.job = live_job;
  lease.attempt = 1;
  lease.state = LeaseState::active;
  lease.offer.location = {"local", "harbour"};
  lease.offer.instance_type = "zone.large";
  lease.offer.purchase = Purchase::spot;
  lease.offer.price_per_hour = Money(900'000'000);
  lease.intended_at = lease.launched_at.emplace(minute(48));
  lease.instance = InstanceRef{lease.offer.location, InstanceId("i-live")};
  lease.last_step = 30;
  AgentStatus status;
  status.lease = lease.id;
  status.job = live_job;
  status.phase = AgentPhase::running;
  status.epoch = 1;
  status.step = 30;
  status.total_steps = 120;
  status.rate_per_s = 0.25;
  lease.status = status;
  JobRecord job;
  job.id = live_job;
  job.spec.name = "embed";
  job.spec.run = "./embed";
  job.state = JobState::running;
  job.submitted_at = minute(47);
  job.started_at = minute(49);
  job.home = "memory";
  job.leases = {lease.id};
  job.epoch = 1;
  job.step = 30;
  job.total_steps = 120;
  job.metrics = {{"loss", 2.5}};
  state.leases[lease.id] = lease;
  state.jobs[job.id] = job;
}

}  // namespace

Time story_now() {
  return minute(60);
}

void tell_story(FakeControlPlane& plane) {
  write_ledger(plane);
  write_segments(plane);
  plane.change([](ClusterState& state) {
    for (const Stay& stay : stays) state.leases[LeaseId(stay.lease)] = lease_of(stay);
    state.jobs[story_job] = finished_job();
    const MoveRecord move = the_move();
    state.moves[move.id] = move;
    add_live_job(state);
  });
  plane.add_event("job.submitted", story_job.text(), "train was submitted", minute(0));
  plane.add_event("lease.ended", "l-story1", "the supplier took the place back", minute(13));
  plane.add_event("job.submitted", live_job.text(), "embed was submitted", minute(47));
}

}  // namespace tradewind::server::testing
