// Jobs share suppliers: what one was told of spot somewhere, granted, refused or taken back, the others need
// not find out for themselves.
#include <algorithm>

#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

constexpr std::size_t words_max = 256;  // remembered of one place

bool is_refused(const LeaseRecord& lease) {
  return !lease.launched_at && lease.refusal == Code::insufficient_capacity;
}
bool is_lost(const LeaseRecord& lease) {
  return lease.launched_at && lease.end == LeaseEnd::preempted && lease.ended_at;
}

void take_down(Step& step, const LeaseRecord& lease, Time at, bool is_up) {
  std::deque<SpotWord>& words = step.working().spot_words[lease.offer.location];
  words.push_back({at, lease.job, is_up});
  if (words.size() > words_max) words.pop_front();
}

}  // namespace

void overhear(Step& step, const LeaseRecord& after) {
  if (after.offer.purchase != Purchase::spot) return;
  const LeaseRecord* before = step.lease(after.id);
  const bool was_launched = before != nullptr && before->launched_at;
  if (after.launched_at && !was_launched) take_down(step, after, step.now(), true);
  if (is_refused(after) && (before == nullptr || !is_refused(*before)))
    take_down(step, after, step.now(), false);
  if (is_lost(after) && (before == nullptr || !is_lost(*before))) take_down(step, after, step.now(), false);
}

void overhear_all(Step& step) {
  struct Word {
    Time at;
    const LeaseRecord* lease;
    bool is_up;
  };
  std::vector<Word> all;
  for (const auto& [id, lease] : step.state().leases) {
    if (lease.offer.purchase != Purchase::spot) continue;
    if (lease.launched_at) all.push_back({*lease.launched_at, &lease, true});
    if (is_refused(lease)) all.push_back({lease.intended_at, &lease, false});
    if (is_lost(lease)) all.push_back({*lease.ended_at, &lease, false});
  }
  std::ranges::stable_sort(all, {}, &Word::at);
  for (const Word& word : all) take_down(step, *word.lease, word.at, word.is_up);
}

std::vector<Hearsay> heard(const Step& step, const JobId& listener, const Seat& seat, Time after,
                           Time until) {
  std::vector<Hearsay> told;
  for (std::size_t i = 0; i < seat.zones.size(); ++i) {
    const auto here = step.working().spot_words.find(seat.zones[i].location);
    if (here == step.working().spot_words.end()) continue;
    const policy::Holding spot{static_cast<int>(i), policy::Purchase::spot};
    const std::deque<SpotWord>& words = here->second;
    auto word = std::ranges::upper_bound(words, after, {}, &SpotWord::at);
    for (; word != words.end() && word->at <= until; ++word) {
      if (word->job != listener) told.push_back({word->at, {spot, word->is_up}});
    }
  }
  std::ranges::stable_sort(told, {}, &Hearsay::at);
  return told;
}

}  // namespace tradewind::scheduler
