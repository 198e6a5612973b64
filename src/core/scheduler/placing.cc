#include <algorithm>
#include <iterator>

#include "core/planner/hazard.h"
#include "core/scheduler/seat.h"
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

bool made_progress(const JobRecord& job, const LeaseRecord& lease) {
  if (lease.last_step > lease.first_step) return true;
  // Of a program that reports no steps, its newest checkpoint is all there is to see.
  return job.step == 0 && job.saved && lease.status && lease.status->epoch == job.saved->epoch;
}

// Leases since the last progress that ended by themselves, newest first. One that the supplier took back, or
// that we ended, says nothing about the job: it neither counts nor forgives those before it, lest a job that
// breaks everywhere is tried for ever where preemptions are frequent.
std::vector<const LeaseRecord*> stillborn_leases(Step& step, const JobRecord& job) {
  std::vector<const LeaseRecord*> found;
  for (auto id = job.leases.rbegin(); id != job.leases.rend(); ++id) {
    const LeaseRecord* lease = step.lease(*id);
    if (lease == nullptr || lease->end == LeaseEnd::launch_failed) continue;
    if (made_progress(job, *lease)) break;
    if (lease->end == LeaseEnd::lost || lease->end == LeaseEnd::failed) found.push_back(lease);
  }
  return found;
}

double nodes_of(const JobRecord& job) {
  return std::max(job.spec.num_nodes, 1);
}

// Where many go in one call, the next call's gather while one is under way.
int launching_max(const Working& working, const Offer& offer) {
  const auto facts = working.suppliers.find(working.supplier_of(offer.location));
  const int batch = facts == working.suppliers.end() ? 1 : facts->second.batch_max;
  return std::max(working.tempo.launching_max_per_offer, batch > 1 ? 2 * batch : 1);
}

}  // namespace

void block_offer(Step& step, const Offer& offer, const Error& error) {
  OfferHealth& health = step.working().health[offer_key(offer)];
  const bool may_pass = error.code == Code::insufficient_capacity || error.code == Code::rate_limited ||
                        error.code == Code::unavailable || error.code == Code::internal;
  // Of many that were asked for at once, all are refused, which is one refusal.
  const bool is_known = health.refusals > 0 && health.blocked_until > step.now();
  if (!is_known) ++health.refusals;
  const int doublings = std::min(health.refusals - 1, 4);
  health.reason = error.message;
  const Time until =
      step.now() + (may_pass ? step.tempo().retry_capacity * (1 << doublings) : step.tempo().retry_refused);
  health.blocked_until = std::max(health.blocked_until, until);
}

// Who takes capacity back has none to give: not before the announced end, nor right after it.
void block_preempted_offer(Step& step, const LeaseRecord& lease) {
  const std::string key = offer_key(lease.offer);
  Working& working = step.working();
  const SupplierFacts& facts = working.suppliers[working.supplier_of(lease.offer.location)];
  const Duration lead = lease.offer.notice_lead.value_or(facts.notice_lead);
  Time until = step.now();
  if (lease.status && lease.status->notice) {  // by the agent's clock, which may be wrong
    until = std::clamp(lease.status->notice->deadline, until, until + lead);
  }
  OfferHealth& health = step.working().health[key];
  health.blocked_until = std::max(health.blocked_until, until + step.tempo().retry_capacity);
  health.reason = key + " was preempted";
}

std::optional<Time> blocked_until(Step& step, const Offer& offer) {
  const std::string key = offer_key(offer);
  const auto health = step.working().health.find(key);
  if (health != step.working().health.end() && health->second.blocked_until > step.now()) {
    return health->second.blocked_until;
  }
  const Working& working = step.working();
  const auto launching = working.launching_per_offer.find(key);
  if (launching != working.launching_per_offer.end() && launching->second >= launching_max(working, offer)) {
    return step.now() + step.tempo().mailbox_poll;
  }
  return std::nullopt;
}

SurveyQuestion question_for(Step& step, const JobRecord& job) {
  SurveyQuestion question{job, step.working().offers, step.now()};
  question.queue_waits = &step.working().queue_waits;
  for (const LeaseId& id : job.leases) {
    const LeaseRecord* lease = step.lease(id);
    if (lease == nullptr || !lease->status) continue;
    const AgentStatus& status = *lease->status;
    // What a restore brought; before there was one, what a save takes on average.
    const std::uint64_t restored = status.bytes_moved + status.bytes_reused;
    if (restored > 0) question.checkpoint_bytes = restored;
    if (!job.saved || status.epoch != job.saved->epoch) continue;
    question.checkpoint_at = lease->offer.location;
    const std::uint64_t saves =
        job.saved->number > job.saved->epoch ? job.saved->number - job.saved->epoch : 1;
    if (question.checkpoint_bytes == 0) question.checkpoint_bytes = status.bytes_saved / saves;
  }
  return question;
}

// As the job's policy believes of spot there; else by what is known of such machines in general.
double hazard_per_h(Step& step, const JobRecord& job, const Offer& offer) {
  const auto seat = step.working().seats.find(job.id);
  if (offer.purchase == Purchase::spot && seat != step.working().seats.end() && seat->second != nullptr) {
    const int zone = seat->second->zone_of(offer.location);
    if (const auto believed = zone < 0 ? std::nullopt : seat->second->player->hazard_per_h(zone))
      return *believed;
  }
  return planner::prior_hazard(offer).per_hour;
}

LeaseRecord intend_lease(Step& step, const JobRecord& before, const Offer& offer, LeaseRole role,
                         const std::string& why) {
  LeaseRecord lease;
  lease.id = LeaseId(random_name(step.working().random, "l-", 20));
  lease.job = before.id;
  lease.attempt = static_cast<int>(before.leases.size()) + 1;
  lease.role = role;
  lease.offer = offer;
  lease.offer.price_per_hour = offer.price_per_hour.scaled(nodes_of(before));  // what all nodes cost
  lease.intended_at = step.now();
  lease.hard_limit = step.now() + step.tempo().hard_limit;
  lease.first_step = before.saved ? before.saved->step : 0;
  lease.last_step = lease.first_step;
  JobRecord job = before;
  job.leases.push_back(lease.id);
  step.put("lease.intended", why, lease);
  if (role == LeaseRole::target) {
    step.put("job.target_intended", why, job);
  } else {
    step.change(job, lifecycle::JobChange::placed, why);
  }
  step.working().launching.insert(lease.id);
  ++step.working().launching_per_offer[offer_key(offer)];
  step.act(Launch{lease.id, job.id, job.spec, job.home, offer, lease.attempt, role == LeaseRole::target,
                  *lease.hard_limit, hazard_per_h(step, job, offer)});
  return lease;
}

bool give_up_if_stillborn(Step& step, const JobRecord& job) {
  const std::vector<const LeaseRecord*> stillborn = stillborn_leases(step, job);
  if (std::ssize(stillborn) < step.tempo().stillborn_max) return false;
  step.change(
      job, lifecycle::JobChange::gave_up,
      std::to_string(stillborn.size()) +
          " attempts ended by themselves without any progress; the last: " + stillborn.front()->reason);
  return true;
}

}  // namespace tradewind::scheduler
