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

Truth::Truth(const Timeline& time, std::map<std::string, std::unique_ptr<ModelSupplier>>& suppliers,
             objectstore::ObjectStore& store, OwnerId owner, Duration lease_term)
    : time_(time), suppliers_(suppliers), store_(store), owner_(std::move(owner)), lease_term_(lease_term) {}

void Truth::violation(const std::string& what) {
  violations_.push_back(format_utc(time_.now()) + " " + what);
}

const ModelInstance* Truth::instance_of(const LeaseId& lease) const {
  for (const auto& [name, supplier] : suppliers_) {
    if (const ModelInstance* instance = supplier->find_token(lease.text())) return instance;
  }
  return nullptr;
}

// No duplicate launch: each launch has a committed intent that is still open, and each intent is launched at
// most once.
void Truth::launch_asked(const ClusterState& committed, const provider::LaunchRequest& request) {
  const auto lease = committed.leases.find(LeaseId(request.token));
  if (lease == committed.leases.end())
    violation("launch: " + request.token + " was asked for without a stored intent");
  if (!tokens_asked_.insert(request.token).second)
    violation("launch: " + request.token + " was asked for a second time");
}

// No harm without evidence: whoever is given up as lost has been silent for longer than the lease term, or
// has ended; and a new lease is intended only when every earlier one was given up, was told to stop, or is
// gone.
void Truth::check_loss(const LeaseRecord& lease) {
  if (lease.end != LeaseEnd::lost && lease.end != LeaseEnd::preempted) return;
  const ModelInstance* instance = instance_of(lease.id);
  if (instance == nullptr || instance->facts.state != InstanceState::running || !instance->agent) return;
  const ModelAgent& agent = *instance->agent;
  if (agent.ended() || agent.status().epoch == 0) return;
  // What a reader could know: the newest report but for the last second, unless an older write that came late
  // lies over it.
  std::optional<Time> reported = agent.reported_before(time_.now(), Duration(1000));
  const auto shown = mailbox::Mailbox(store_, owner_, lease.job).read_status(lease.id);
  if (reported && shown.ok()) reported = std::min(*reported, shown->agent_time);
  if (lease.state == LeaseState::ended || (reported && time_.now() - *reported < lease_term_)) {
    violation("restart: " + lease.id.text() + " was given up as " + std::string(to_text(lease.end)) +
              " while it runs and reports");
  }
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
  for (const auto& [name, supplier] : suppliers_) {
    for (const auto& [id, instance] : supplier->truth()) {
      if (instance.facts.owner == owner_ && instance.facts.state != InstanceState::terminated) {
        violation("leak: " + id.text() + " of lease " + instance.facts.token +
                  " runs on, long after everything ended");
      }
      if (instance.facts.owner != owner_ && instance.facts.state != InstanceState::running) {
        violation("foreign: somebody else's instance " + id.text() + " was ended");
      }
    }
  }
  for (const auto& [id, lease] : committed.leases) {
    if (lease.state != LeaseState::ended) violation("leak: lease " + id.text() + " never ended");
  }
}

}  // namespace tradewind::simulator
