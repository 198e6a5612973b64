#include "core/scheduler/decide.h"

#include <algorithm>

#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

// Higher priority first, then who asked first.
std::vector<JobId> in_order(const Step& step, const std::set<JobId>& jobs) {
  std::vector<const JobRecord*> records;
  records.reserve(jobs.size());
  for (const JobId& id : jobs) {
    if (const JobRecord* job = step.job(id)) records.push_back(job);
  }
  std::stable_sort(records.begin(), records.end(), [](const JobRecord* a, const JobRecord* b) {
    if (a->spec.priority != b->spec.priority) return a->spec.priority > b->spec.priority;
    return a->submitted_at < b->submitted_at;
  });
  std::vector<JobId> ids;
  ids.reserve(records.size());
  for (const JobRecord* job : records) ids.push_back(job->id);
  return ids;
}

// A change made for a job may call for a further one (a lease is released, so its termination is due): a few
// rounds reach the fixed point; what is left over, were there ever a cycle, waits for the next step.
void decide_dirty_jobs(Step& step) {
  constexpr int rounds_max = 8;
  for (int round = 0; round < rounds_max && !step.working().dirty.empty(); ++round) {
    std::set<JobId> dirty;
    dirty.swap(step.working().dirty);
    for (const JobId& id : in_order(step, dirty)) decide_job(step, id);
  }
  if (!step.working().dirty.empty()) step.wake_step(step.now());
}

// A list costs what lives at the supplier. In a large fleet something is always ending: were each end a
// reason to list everything at once, deciding would be little else. So the gap between two lists grows with
// the fleet, up to the usual pace.
constexpr Duration list_gap{1};  // for each live lease

void list_suppliers(Step& step) {
  Working& working = step.working();
  for (const auto& [provider, facts] : working.suppliers) {
    if (working.listing.contains(provider)) continue;
    const std::size_t live = working.live_leases[provider].size();
    const bool busy = live > 0;
    const auto last = working.list_asked_at.find(provider);
    Time due = last == working.list_asked_at.end()
                   ? step.now()
                   : last->second + (busy ? std::max(step.tempo().list_poll, facts.list_gap)
                                          : step.tempo().idle_list_poll);
    const auto wanted = working.list_wanted.find(provider);
    if (wanted != working.list_wanted.end()) {
      const Time soonest =
          last == working.list_asked_at.end()
              ? step.now()
              : last->second + std::max(list_gap * static_cast<Duration::rep>(live), facts.list_gap);
      due = std::min(due, std::max(wanted->second, soonest));
    }
    if (due > step.now()) {
      step.wake_step(due);
      continue;
    }
    working.list_wanted.erase(provider);
    working.list_asked_at[provider] = step.now();
    working.listing.insert(provider);
    step.act(ListInstances{provider});
  }
}

}  // namespace

Decisions decide(ClusterState& state, Working& working, const Survey& survey,
                 const std::vector<Observation>& observations, Time now) {
  Step step(state, working, survey, now);
  for (const Observation& observation : observations) observe(step, observation);
  step.collect_due();
  decide_dirty_jobs(step);
  list_suppliers(step);
  return step.take();
}

}  // namespace tradewind::scheduler
