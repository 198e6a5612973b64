#include "edge/drivers/kubernetes/watched_list.h"

#include <algorithm>

#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration between_watches = std::chrono::seconds(1);  // of a server that ends each at once

std::string name_of(const json::value& object) {
  return text_at(object, {"metadata", "name"});
}

}  // namespace

WatchedList::WatchedList(KubeClient& client, std::string path, std::string query, const Clock& clock,
                         WatchTempo tempo)
    : client_(client),
      path_(std::move(path)),
      query_(std::move(query)),
      clock_(clock),
      tempo_(tempo),
      random_(static_cast<std::uint64_t>(Steady::now().time_since_epoch().count())) {}

WatchedList::~WatchedList() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancellation_->ask();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
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
  if (followed_ && !thread_.joinable()) thread_ = std::thread([this] { follow(); });
  changed_.notify_all();
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

void WatchedList::follow() {
  std::unique_lock lock(mutex_);
  while (wait_for_turn(lock)) watch_once(lock);
}

// Until there is something to watch. False: the end.
bool WatchedList::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (followed_ && clock_.monotonic() - asked_at_.value_or(Duration()) >= tempo_.asked_within)
      followed_ = false;  // nobody asks any more
    if (!followed_) {
      changed_.wait(lock);
    } else if (Steady::now() < not_before_) {
      changed_.wait_until(lock, not_before_);
    } else {
      return true;
    }
  }
  return false;
}

void WatchedList::watch_once(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t list = lists_;
  const KubeClient::WatchRequest request{path_, query_, version_, tempo_.watch_lasts, cancellation_};
  cancellation_->take_back();
  const Duration begun = clock_.monotonic();
  lock.unlock();
  const Result<WatchEnd> end =
      client_.watch(request, [&](const WatchEvent& event) { return take(event, list); });
  lock.lock();
  if (!stopping_ && list == lists_) note_end(end, begun);
}

bool WatchedList::take(const WatchEvent& event, std::uint64_t list) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || list != lists_) return false;
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

void WatchedList::note_end(const Result<WatchEnd>& end, Duration begun) {
  const Duration now = clock_.monotonic();
  if (end.ok() && *end == WatchEnd::in_time) {
    proven_ = true;
    proven_at_ = now;
    failures_ = 0;
    if (now - begun < between_watches) not_before_ = Steady::now() + between_watches;
    return;
  }
  proven_ = false;
  if (end.ok()) {  // expired: the next items() lists anew
    followed_ = false;
    return;
  }
  const Duration pause = std::min(tempo_.retry_most, tempo_.retry_first * (1 << std::min(failures_, 10)));
  ++failures_;
  const auto at_least = static_cast<std::uint64_t>(pause.count()) / 2;
  not_before_ = Steady::now() + Duration(static_cast<Duration::rep>(at_least + random_.below(at_least + 1)));
}

}  // namespace tradewind::kubernetes
