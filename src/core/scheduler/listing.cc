// What a supplier's list says: launches to adopt, instances that are gone, and instances that nobody claims.
#include <string_view>
#include <unordered_map>

#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

void note_gone(Step& step, LeaseRecord lease, const Instance* instance) {
  lease.ended_at = instance != nullptr && instance->terminated_at ? *instance->terminated_at : step.now();
  const std::map<LeaseId, ToldEnd>& told_ends = step.working().told_ends;
  if (const auto told = told_ends.find(lease.id); told != told_ends.end() && lease.end == LeaseEnd::none) {
    lease.end = told->second.end;
    lease.reason = told->second.reason;
  } else if (lease.end == LeaseEnd::none) {
    const bool preempted = instance != nullptr && instance->preempted;
    lease.end = preempted ? LeaseEnd::preempted : LeaseEnd::lost;
    lease.reason = instance != nullptr && !instance->reason.empty() ? instance->reason
                   : instance != nullptr                            ? "the supplier lists it as terminated"
                   : lease.reason.empty()                           ? "the supplier no longer lists it"
                                          : lease.reason + "; the supplier no longer lists it";
  }
  if (lease.end == LeaseEnd::preempted && !lease.released_at) block_preempted_offer(step, lease);
  if (lease.instance) step.working().terminate_due.erase(*lease.instance);
  std::string detail = lease.reason;
  step.change(std::move(lease), lifecycle::LeaseChange::gone, std::move(detail));
}

void adopt(Step& step, LeaseRecord lease, const Instance& instance) {
  lease.instance = instance.ref;
  lease.launched_at = instance.launched_at;
  lease.reason.clear();  // that its launch was not answered
  step.working().unresolved_since.erase(lease.id);
  step.working().health.erase(offer_key(lease.offer));
  step.change(std::move(lease), lifecycle::LeaseChange::launched,
              "found by its token: " + instance.ref.id.text());
}

// What it waits for, or why it is being ended, in the supplier's own words.
void note_waiting(Step& step, const LeaseRecord& known, const Instance& instance) {
  if (known.end != LeaseEnd::none) return;
  const bool runs = instance.state == InstanceState::running;
  const std::string_view says = runs ? std::string_view() : std::string_view(instance.reason);
  if (known.reason == says) return;
  LeaseRecord lease = known;
  lease.reason = says;
  step.note(lease);
}

void compare_lease(Step& step, const LeaseId& id, const Instance* instance, const Listing& listing) {
  const LeaseRecord* known = step.lease(id);
  if (known == nullptr || known->state == LeaseState::ended) return;
  if (known->state == LeaseState::intended) {
    if (instance == nullptr) return;
    adopt(step, *known, *instance);
    known = step.lease(id);
  }
  if (instance != nullptr) {
    if (instance->started_at && !known->started_at) {
      LeaseRecord lease = *known;
      lease.started_at = instance->started_at;
      step.put("lease.started", "left the queue", std::move(lease));
      known = step.lease(id);
    }
    if (instance->state == InstanceState::terminated) return note_gone(step, *known, instance);
    if (instance->state == InstanceState::pending) step.working().seen_waiting[id] = listing.asked_at;
    note_waiting(step, *known, *instance);
    known = step.lease(id);
    if (known->missed_lists > 0) {
      LeaseRecord lease = *known;
      lease.missed_lists = 0;
      step.note(lease);
    }
    return;
  }
  const Duration delay = step.working().suppliers[listing.provider].list_delay;
  if (!known->launched_at || listing.asked_at <= *known->launched_at + delay) return;
  LeaseRecord lease = *known;
  ++lease.missed_lists;
  if (lease.missed_lists >= 2) return note_gone(step, std::move(lease), nullptr);
  step.note(lease);
  step.want_list(listing.provider, step.now());
}

// An instance of ours that no live lease stands for. A token that no lease has may be a launch of another of
// our loops that is being recorded, hence the grace; a lease that has ended leaves no doubt.
void sweep(Step& step, const Instance& instance, const Listing& listing) {
  if (instance.owner.empty() || instance.owner != step.state().owner) return;
  if (instance.state == InstanceState::terminated) return;
  const LeaseRecord* lease = step.lease(LeaseId(instance.token));
  const bool claimed = lease != nullptr && lease->state != LeaseState::ended &&
                       (!lease->instance || *lease->instance == instance.ref);
  if (claimed) return;
  if (lease == nullptr && listing.asked_at - instance.launched_at < step.tempo().orphan_grace) return;
  Working& working = step.working();
  const auto due = working.terminate_due.find(instance.ref);
  if (working.terminating.contains(instance.ref) ||
      (due != working.terminate_due.end() && due->second > step.now()))
    return;
  working.terminating.insert(instance.ref);
  step.act(Terminate{lease != nullptr ? lease->id : LeaseId(), instance.ref});
}

// A complete list is evidence for those alone that are not heard of: of thousands that report, none need be
// decided anew because the supplier has answered. What the list changed has been marked by then.
bool waits_for_a_list(Step& step, const LeaseRecord& lease) {
  if (lease.state != LeaseState::launched && lease.state != LeaseState::active) return true;
  return lease.unseen_since || !lease.status_changed_at ||
         step.now() >= *lease.status_changed_at + step.tempo().lease_term;
}

// Ours among the listed instances. Thousands of them come with every list: they are found by hashes.
class ListedInstances {
 public:
  // REQUIRES: `listing` outlives this.
  ListedInstances(const Listing& listing, const OwnerId& owner) {
    by_id_.reserve(listing.instances.size());
    by_token_.reserve(listing.instances.size());
    for (const Instance& instance : listing.instances) {
      if (instance.owner != owner) continue;
      by_id_.emplace(instance.ref.id.text(), &instance);
      const Instance*& slot = by_token_[instance.token];
      if (slot == nullptr || slot->state == InstanceState::terminated) slot = &instance;
    }
  }
  // Of one that is listed twice, the later entry. nullptr when there is none.
  const Instance* find(const InstanceRef& ref) const {
    const Instance* found = nullptr;
    const auto [first, last] = by_id_.equal_range(ref.id.text());
    for (auto each = first; each != last; ++each) {
      if (each->second->ref == ref && (found == nullptr || each->second > found)) found = each->second;
    }
    return found;
  }
  // Of those with one token, one that has not ended. nullptr when there is none.
  const Instance* find_token(std::string_view token) const {
    const auto found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_multimap<std::string_view, const Instance*> by_id_;
  std::unordered_map<std::string_view, const Instance*> by_token_;
};

// A supplier that let us wait for an answer for long was out of reach, whether it said so or not.
void note_answer(Step& step, const std::string& supplier) {
  Working& working = step.working();
  const auto [last, first] = working.answered_at.try_emplace(supplier, step.now());
  if (first || step.now() - last->second > step.tempo().lease_term / 2)
    working.answers_since[supplier] = step.now();
  last->second = step.now();
}

}  // namespace

void observe_listing(Step& step, const Listing& listing) {
  Working& working = step.working();
  working.listing.erase(listing.provider);
  if (listing.error) {  // it may have been out of reach since it answered last
    working.answered_at.erase(listing.provider);
    return;
  }
  working.listed_at[listing.provider] = listing.asked_at;
  note_answer(step, listing.provider);
  const ListedInstances listed(listing, step.state().owner);
  const std::set<LeaseId>& live = working.live_leases[listing.provider];
  const std::vector<LeaseId> ids(live.begin(), live.end());  // a copy: leases end on the way
  for (const LeaseId& id : ids) {
    const LeaseRecord* lease = step.lease(id);
    const Instance* found = nullptr;
    if (lease != nullptr)
      found = lease->instance ? listed.find(*lease->instance) : listed.find_token(id.text());
    compare_lease(step, id, found, listing);
    if (lease != nullptr && waits_for_a_list(step, *lease)) step.mark_dirty(lease->job);
  }
  for (const Instance& instance : listing.instances) sweep(step, instance, listing);
}

}  // namespace tradewind::scheduler
