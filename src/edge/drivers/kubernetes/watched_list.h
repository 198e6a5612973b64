// A collection of the API that is listed once and then followed by watches, so that who asks often is
// answered without a request. (client-go calls the like an informer.)
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "edge/drivers/kubernetes/kube_client.h"

namespace tradewind::kubernetes {

struct WatchTempo {
  // A watch is renewed after this: its end, and the bookmark that a server sends before it, prove that
  // nothing is missing.
  Duration watch_lasts = std::chrono::seconds(8);
  // An answer without a request rests on a proof that is no older.
  Duration trusted_for = std::chrono::seconds(10);
  // Who asks more rarely is answered by lists alone, and nothing is watched. Zero: nothing ever is.
  Duration asked_within = std::chrono::seconds(12);
  // After failures in a row: doubled, up to the most, with jitter.
  Duration retry_first = std::chrono::milliseconds(500);
  Duration retry_most = std::chrono::seconds(30);
};

class WatchedList;

// Who carries the watches of a list, by its turn(), take() and end().
class Follower {
 public:
  // Nothing of it is under way afterwards.
  virtual ~Follower() = default;
  // There may be something to watch, or what is under way is out of date. Calls nothing of the list itself.
  virtual void wake() = 0;
};
// REQUIRES: the list outlives what is made.
using MakeFollower = std::function<std::unique_ptr<Follower>(WatchedList&)>;
// By a thread of its own and the list's client.
std::unique_ptr<Follower> follow_by_thread(WatchedList& list);

// Safe from several threads at once. Its follower begins with the first watch.
class WatchedList {
 public:
  using Item = std::shared_ptr<const json::value>;

  // `path` and `query` as KubeClient::list's. REQUIRES: client and clock outlive this.
  WatchedList(KubeClient& client, std::string path, std::string query, const Clock& clock, WatchTempo tempo,
              MakeFollower make_follower = follow_by_thread);
  ~WatchedList();
  WatchedList(const WatchedList&) = delete;
  WatchedList& operator=(const WatchedList&) = delete;

  // All objects, by their names in order: as the server had them at most `trusted_for` ago, or by a list that
  // is made now. Errors are that list's.
  Result<std::vector<Item>> items();
  // We changed something there, or need to know what is so now: the next items() lists.
  void distrust();

  // ---- for its follower
  struct Watch {
    WatchRequest request;
    std::uint64_t list = 0;  // since which it goes on
    Duration begun{};        // by the monotonic clock
  };
  // What is to be done: a watch, or a look again after the pause; neither: nothing before it is woken.
  struct Turn {
    std::optional<Watch> watch;
    std::optional<Duration> pause;
  };
  Turn turn();
  // Whether the watch goes on from the newest list.
  bool is_current(const Watch& watch);
  // False: it is out of date, and the event was not taken.
  bool take(const Watch& watch, const WatchEvent& event);
  void end(const Watch& watch, const Result<WatchEnd>& how);
  KubeClient& client() { return client_; }

 private:
  bool is_trusted() const;
  std::vector<Item> held() const;
  void begin(ObjectList listed, std::uint64_t changes, Duration asked_at);

  KubeClient& client_;
  const std::string path_;
  const std::string query_;
  const Clock& clock_;
  const WatchTempo tempo_;
  const MakeFollower make_follower_;
  const std::shared_ptr<io::Cancellation> cancellation_ = std::make_shared<io::Cancellation>();

  std::mutex mutex_;  // protects all below
  std::map<std::string, Item> items_;
  std::string version_;
  bool followed_ = false;  // nothing was missed since the list
  bool proven_ = false;    // no failure since `proven_at_`
  Duration proven_at_{};   // monotonic
  std::optional<Duration> asked_at_;
  std::uint64_t lists_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t changes_listed_ = 0;
  int failures_ = 0;
  Duration not_before_{};  // monotonic
  Random random_;
  bool stopping_ = false;
  std::unique_ptr<Follower> follower_;
};

}  // namespace tradewind::kubernetes
