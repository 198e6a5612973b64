// A run for the tests of this room: three machines, one lost without notice, one taken with notice, the job
// moved once.
//   lease l-1 (spot, $3/h): 10:00:00–10:30:00, program 10:01:00–(killed), steps 0–130, saved 100
//   lease l-2 (spot, $2/h): 10:30:10–11:00:00, program 10:31:00–10:59:30, steps 100–200, saved 200
//   lease l-3 (on demand, $6/h): 10:59:00–11:30:00, program 10:59:40–11:29:00, steps 200–300, finished
#pragma once

#include "core/billing/receipt.h"

namespace tradewind::billing {

inline Time clock_at(const char* hour_minute_second) {
  return parse_utc(std::string("2026-11-24T") + hour_minute_second + "Z").value_or({});
}

inline Money usd(const char* amount) {
  return Money::parse(amount).value_or({});
}

inline LeaseRecord story_lease(int number, Purchase purchase, const char* price, const char* launched,
                               const char* ended) {
  LeaseRecord lease;
  lease.id = LeaseId("l-" + std::to_string(number));
  lease.job = JobId("j-1");
  lease.attempt = number;
  lease.state = LeaseState::ended;
  lease.offer.location = {"cloud", "region-" + std::to_string(number)};
  lease.offer.instance_type = "gpu.1x";
  lease.offer.accelerator = Accelerator{"H100", 1, 80};
  lease.offer.purchase = purchase;
  lease.offer.price_per_hour = usd(price);
  lease.instance = InstanceRef{lease.offer.location, InstanceId("i-" + std::to_string(number))};
  lease.launched_at = clock_at(launched);
  lease.ended_at = clock_at(ended);
  lease.status = AgentStatus{};
  lease.status->lease = lease.id;
  lease.status->epoch = static_cast<std::uint64_t>(number);
  return lease;
}

inline LedgerRecord story_record(std::uint64_t number, LedgerKind kind, std::uint64_t epoch, double step) {
  LedgerRecord record;
  record.number = number;
  record.kind = kind;
  record.epoch = epoch;
  record.lease = LeaseId("l-" + std::to_string(epoch));
  if (kind == LedgerKind::checkpoint) record.manifest = ManifestId("manifest-" + std::to_string(number));
  record.step = step;
  return record;
}

inline ReceiptInput story() {
  ReceiptInput input;
  input.job.id = JobId("j-1");
  input.job.spec.name = "bible-gpt";
  input.job.state = JobState::succeeded;
  input.now = clock_at("12:00:00");

  LeaseRecord first = story_lease(1, Purchase::spot, "3", "10:00:00", "10:30:00");
  first.end = LeaseEnd::lost;
  first.last_step = 130;
  first.status->program_started_at = clock_at("10:01:00");
  first.status->agent_time = clock_at("10:27:00");
  first.status->saved_step = 100;
  first.status->saved_digest = "digest-100";
  first.status->bytes_saved = 5'000'000'000;

  LeaseRecord second = story_lease(2, Purchase::spot, "2", "10:30:10", "11:00:00");
  second.end = LeaseEnd::moved;
  second.first_step = 100;
  second.last_step = 200;
  second.status->program_started_at = clock_at("10:31:00");
  second.status->program_stopped_at = clock_at("10:59:30");
  second.status->agent_time = clock_at("10:59:35");
  second.status->restored_digest = "digest-100";
  second.status->saved_step = 200;
  second.status->saved_digest = "digest-200";
  second.status->bytes_moved = 2'000'000'000;

  LeaseRecord third = story_lease(3, Purchase::on_demand, "6", "10:59:00", "11:30:00");
  third.end = LeaseEnd::finished;
  third.first_step = 200;
  third.last_step = 300;
  third.status->program_started_at = clock_at("10:59:40");
  third.status->program_stopped_at = clock_at("11:29:00");
  third.status->agent_time = clock_at("11:29:30");
  third.status->restored_digest = "digest-200";
  third.status->bytes_moved = 1'000'000'000;
  third.status->bytes_reused = 1'500'000'000;

  LeaseRecord never = story_lease(4, Purchase::spot, "1", "10:00:00", "10:00:00");
  never.launched_at = never.ended_at = std::nullopt;
  never.instance = std::nullopt;
  never.status = std::nullopt;
  never.end = LeaseEnd::launch_failed;
  input.leases = {third, first, never, second};

  MoveRecord move;
  move.id = MoveId("m-1");
  move.from = second.id;
  move.to = third.id;
  move.stopped_at = clock_at("10:59:30");
  move.resumed_at = clock_at("10:59:41");
  input.moves = {move};

  input.ledger = {
      story_record(1, LedgerKind::claim, 1, 0),        story_record(2, LedgerKind::checkpoint, 1, 50),
      story_record(3, LedgerKind::checkpoint, 1, 100), story_record(4, LedgerKind::claim, 2, 0),
      story_record(5, LedgerKind::checkpoint, 2, 200), story_record(6, LedgerKind::claim, 3, 0),
      story_record(7, LedgerKind::checkpoint, 3, 300), story_record(8, LedgerKind::finish, 3, 0)};

  Offer dear = third.offer;
  Offer cheap = third.offer;
  cheap.location = {"cloud", "region-9"};
  cheap.price_per_hour = usd("5");
  Offer other = cheap;
  other.accelerator->model = "T4";
  other.price_per_hour = usd("0.5");
  Offer spot = first.offer;
  input.offers = {dear, cheap, other, spot};
  return input;
}

}  // namespace tradewind::billing
