#include "edge/drivers/kubernetes/watched_list.h"

#include <algorithm>

#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

constexpr Duration between_watches = std::chrono::seconds(1);  // of a server that ends each at once

std::string name_of(const json::value& object) {
  return text_at(object, {"metadata", "name"});
}

}  // namespace

WatchedList::WatchedList(KubeClient& client, std::string path, std::string query, const Clock& clock,
                         WatchTempo tempo, MakeFollower make_follower)
    : client_(client),
      path_(std::move(path)),
      query_(std::move(query)),
      clock_(clock),
      tempo_(tempo),
      make_follower_(std::move(make_follower)),
      random_(static_cast<std::uint64_t>(clock.monotonic().count())) {}

WatchedList::~WatchedList() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancellation_->ask();
  }
  follower_.reset();
}

bool WatchedList::is_trusted() const {
  return followed_ && proven_ && changes_ == changes_listed_ &&
         clock_.monotonic() - proven_at_ <= tempo_.trusted_for;
}

std::vector<WatchedList::Item> WatchedList::held() const {
  std::vector<Item> all;
  all.reserve(items_.size());
  for (const auto& [name, item] : items_) all.push_back(item);
  return all;
}

Result<std::vector<WatchedList::Item>> WatchedList::items() {
  std::uint64_t changes = 0;
  bool often = false;
  const Duration now = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    often = asked_at_ && now - *asked_at_ < tempo_.asked_within;
    asked_at_ = now;
    if (is_trusted()) return held();
    changes = changes_;
  }
  TW_ASSIGN_OR_RETURN(ObjectList listed, client_.list_with_version(path_, query_));
  const std::lock_guard lock(mutex_);
  begin(std::move(listed), changes, now);
  followed_ = often && !version_.empty();
  if (followed_ && !follower_) follower_ = make_follower_(*this);
  if (follower_) follower_->wake();
  return held();
}

// What the list shows counts from now on; a watch that is under way would go on from before it.
void WatchedList::begin(ObjectList listed, std::uint64_t changes, Duration asked_at) {
  items_.clear();
  for (json::value& item : listed.items) {
    std::string name = name_of(item);
    items_[std::move(name)] = std::make_shared<const json::value>(std::move(item));
  }
  version_ = std::move(listed.version);
  changes_listed_ = changes;
  proven_ = true;
  proven_at_ = asked_at;
  ++lists_;
  cancellation_->ask();
}

void WatchedList::distrust() {
  const std::lock_guard lock(mutex_);
  ++changes_;
}

WatchedList::Turn WatchedList::turn() {
  const std::lock_guard lock(mutex_);
  const Duration now = clock_.monotonic();
  if (followed_ && now - asked_at_.value_or(Duration()) >= tempo_.asked_within)
    followed_ = false;  // nobody asks any more
  if (stopping_ || !followed_) return {};
  if (now < not_before_) return {std::nullopt, not_before_ - now};
  cancellation_->take_back();
  return {Watch{{path_, query_, version_, tempo_.watch_lasts, cancellation_}, lists_, now}, std::nullopt};
}

bool WatchedList::is_current(const Watch& watch) {
  const std::lock_guard lock(mutex_);
  return !stopping_ && watch.list == lists_;
}

bool WatchedList::take(const Watch& watch, const WatchEvent& event) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || watch.list != lists_) return false;
  const std::string name = name_of(event.object);
  if (event.kind == WatchKind::deleted) {
    items_.erase(name);
  } else if (event.kind != WatchKind::bookmark) {
    items_[name] = std::make_shared<const json::value>(event.object);
  }
  std::string version = text_at(event.object, {"metadata", "resourceVersion"});
  if (!version.empty()) version_ = std::move(version);
  proven_ = true;
  proven_at_ = clock_.monotonic();
  failures_ = 0;
  return true;
}

void WatchedList::end(const Watch& watch, const Result<WatchEnd>& how) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || watch.list != lists_) return;
  const Duration now = clock_.monotonic();
  if (how.ok() && *how == WatchEnd::in_time) {
    proven_ = true;
    proven_at_ = now;
    failures_ = 0;
    if (now - watch.begun < between_watches) not_before_ = now + between_watches;
    return;
  }
  proven_ = false;
  if (how.ok()) {  // expired: the next items() lists anew
    followed_ = false;
    return;
  }
  const Duration pause = std::min(tempo_.retry_most, tempo_.retry_first * (1 << std::min(failures_, 10)));
  ++failures_;
  const auto at_least = static_cast<std::uint64_t>(pause.count()) / 2;
  not_before_ = now + Duration(static_cast<Duration::rep>(at_least + random_.below(at_least + 1)));
}

}  // namespace tradewind::kubernetes
