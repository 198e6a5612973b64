#include "engine/simulator/truth.h"

#include <algorithm>

#include "edge/mailbox/mailbox.h"

namespace tradewind::simulator {

namespace {

// The modelled programs that do not train to their end (simulation.cc).
bool may_fail(const JobRecord& job) {
  return job.spec.run == "fail" || job.spec.run == "break" || job.spec.run == "stranded";
}

}  // namespace

Truth::Truth(const Timeline& time, const Backends& backends, objectstore::ObjectStore& store, OwnerId owner,
             Duration lease_term)
    : time_(time), backends_(backends), store_(store), owner_(std::move(owner)), lease_term_(lease_term) {}

void Truth::violation(const std::string& what) {
  violations_.push_back(format_utc(time_.now()) + " " + what);
}

const ModelBackend* Truth::backend_of(const Location& location) const {
  auto found = backends_.find(location.provider + "/" + location.region);
  if (found == backends_.end()) found = backends_.find(location.provider);
  return found == backends_.end() ? nullptr : found->second.get();
}

// No duplicate launch: each launch has a committed intent that is still open, and each intent is launched at
// most once.
void Truth::launch_asked(const ClusterState& committed, const provider::LaunchRequest& request) {
  const auto lease = committed.leases.find(LeaseId(request.token));
  if (lease == committed.leases.end())
    violation("launch: " + request.token + " was asked for without a stored intent");
  if (!tokens_asked_.insert(request.token).second)
    violation("launch: " + request.token + " was asked for a second time");
  check_rush(offer_key(request.offer));
}

// What cannot be had is not asked for without pause.
void Truth::check_rush(const std::string& offer) {
  std::deque<Time>& asked = asked_lately_[offer];
  asked.push_back(time_.now());
  while (asked.front() + Duration(60'000) < time_.now()) asked.pop_front();
  if (asked.size() == rush_ + 1)
    violation("rush: " + offer + " is asked for again and again within a minute");
}

// No harm without evidence: whoever is given up as lost has been silent for longer than the lease term, or
// has ended; and a new lease is intended only when every earlier one was given up, was told to stop, or is
// gone.
void Truth::check_loss(const LeaseRecord& lease) {
  if (lease.end != LeaseEnd::lost && lease.end != LeaseEnd::preempted) return;
  const ModelBackend* backend = backend_of(lease.offer.location);
  const ModelAgent* found = backend == nullptr ? nullptr : backend->agent_of(lease.id.text());
  if (found == nullptr) return;
  const ModelAgent& agent = *found;
  if (agent.ended() || agent.status().epoch == 0) return;
  // What was told to end, and is about to, is no healthy run.
  if (lease.state == LeaseState::ended && agent.status().notice) return;
  // What a reader could know: the newest report but for the last second, unless an older write that came late
  // lies over it.
  std::optional<Time> reported = agent.reported_before(time_.now(), Duration(1000));
  const auto shown = mailbox::Mailbox(store_, owner_, lease.job).read_status(lease.id);
  if (reported && shown.ok()) reported = std::min(*reported, shown->agent_time);
  if (lease.state == LeaseState::ended || (reported && time_.now() - *reported < lease_term_)) {
    violation("restart: " + lease.id.text() + " was given up as " + std::string(to_text(lease.end)) +
              " while it runs and reports");
  } else if (lease.end == LeaseEnd::lost) {
    check_verdict(lease, *backend);
  }
}

// Silence tells nothing while the supplier does not answer, or while its agents have no way to be heard.
void Truth::check_verdict(const LeaseRecord& lease, const ModelBackend& backend) {
  const Time heard = lease.status_changed_at.value_or(lease.launched_at.value_or(lease.intended_at));
  const std::optional<Time> dark = backend.dark_since();
  if (dark && *dark <= heard + lease_term_)
    violation("restart: " + lease.id.text() + " was given up as lost while nobody there answered");
  // A list proves the way; that it was gone between two lists is seen by nobody.
  constexpr Duration unproved{17'000};
  if (backend.heard_since(heard, time_.now()) + unproved < lease_term_)
    violation("restart: " + lease.id.text() + " was given up as lost while it could not be heard");
}

void Truth::check_restart(const Overlay& before, const LeaseRecord& intended) {
  const JobRecord* job = before.job(intended.job);
  if (job == nullptr || intended.role == LeaseRole::target) return;
  for (const LeaseId& id : job->leases) {
    const LeaseRecord* lease = before.lease(id);
    if (lease == nullptr || lease->state == LeaseState::ended) continue;
    if (lease->end == LeaseEnd::none) {
      violation("restart: " + intended.job.text() + " gets a new lease while " + id.text() + " holds it");
    }
  }
}

void Truth::committed(const ClusterState& before, const std::vector<Event>& events) {
  Overlay state(before);
  for (const Event& event : events) {
    if (event.kind == "lease.intended") check_restart(state, std::get<LeaseRecord>(event.after));
    if (event.kind == "lease.release" || event.kind == "lease.gone")
      check_loss(std::get<LeaseRecord>(event.after));
    state.apply(event);
  }
}

// One writer: the chain only grows, never changes, and folds: no record of an epoch that does not hold the
// job.
void Truth::check_ledger(const JobId& job) {
  std::vector<LedgerRecord>& known = ledgers_[job];
  const auto records = checkpoint::read_ledger(store_, mailbox::job_prefix(owner_, job), 0);
  if (!records.ok()) return violation("ledger of " + job.text() + ": " + records.error().message);
  if (records->size() < known.size() || !std::equal(known.begin(), known.end(), records->begin())) {
    return violation("writer: a record of the ledger of " + job.text() + " was changed after it was written");
  }
  checkpoint::LedgerView& view = views_[job];
  for (std::size_t i = known.size(); i < records->size(); ++i) {
    const LedgerRecord& record = (*records)[i];
    const double saved_before = view.saved ? view.saved->step : 0;
    const Status folded = checkpoint::fold(view, record);
    if (!folded.ok()) violation("writer: ledger of " + job.text() + ": " + folded.error().message);
    if (record.kind == LedgerKind::checkpoint && record.step < saved_before) {
      violation("lost: the ledger of " + job.text() + " goes back from step " + std::to_string(saved_before) +
                " to " + std::to_string(record.step));
    }
  }
  known = *records;
}

void Truth::check(const ClusterState& committed) {
  while (!check_due_.empty() && check_due_.begin()->first <= time_.now()) {
    const JobId job = check_due_.extract(check_due_.begin()).value().second;
    check_due_.emplace(time_.now() + Duration(30'000), job);
    if (committed.jobs.contains(job)) {
      check_ledger(job);
    } else {
      violation("lost: job " + job.text() + " was acknowledged and is not stored");
    }
  }
}

void Truth::check_end(const ClusterState& committed) {
  for (const JobId& job : acknowledged_) {
    check_ledger(job);
    const auto found = committed.jobs.find(job);
    if (found == committed.jobs.end()) {
      violation("lost: job " + job.text() + " was acknowledged and is not stored");
    } else if (!is_final(found->second.state)) {
      violation("lost: job " + job.text() + " never ended; it is " +
                std::string(to_text(found->second.state)) + ": " + found->second.reason);
    } else if (found->second.state == JobState::failed && may_fail(found->second)) {
      continue;
    } else if (found->second.state == JobState::failed) {
      violation("lost: job " + job.text() + " failed: " + found->second.reason);
    } else if (found->second.state == JobState::succeeded &&
               (!views_[job].saved || views_[job].saved->step < found->second.spec.work.total)) {
      violation("lost: job " + job.text() + " succeeded without all of its work");
    }
  }
  for (const auto& [name, backend] : backends_) {
    backend->check_end(owner_, [this](const std::string& what) { violation(what); });
  }
  for (const auto& [id, lease] : committed.leases) {
    if (lease.state != LeaseState::ended) violation("leak: lease " + id.text() + " never ended");
  }
}

}  // namespace tradewind::simulator
