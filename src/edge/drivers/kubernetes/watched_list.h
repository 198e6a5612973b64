// A collection of the API that is listed once and then followed by watches, so that who asks often is
// answered without a request. (client-go calls the like an informer.)
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
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

// Safe from several threads at once. Its one thread begins with the first watch.
class WatchedList {
 public:
  using Item = std::shared_ptr<const json::value>;

  // `path` and `query` as KubeClient::list's. REQUIRES: client and clock outlive this.
  WatchedList(KubeClient& client, std::string path, std::string query, const Clock& clock, WatchTempo tempo);
  ~WatchedList();
  WatchedList(const WatchedList&) = delete;
  WatchedList& operator=(const WatchedList&) = delete;

  // All objects, by their names in order: as the server had them at most `trusted_for` ago, or by a list that
  // is made now. Errors are that list's.
  Result<std::vector<Item>> items();
  // We changed something there, or need to know what is so now: the next items() lists.
  void distrust();

 private:
  bool is_trusted() const;
  std::vector<Item> held() const;
  void begin(ObjectList listed, std::uint64_t changes, Duration asked_at);
  void follow();
  bool wait_for_turn(std::unique_lock<std::mutex>& lock);
  void watch_once(std::unique_lock<std::mutex>& lock);
  void note_end(const Result<WatchEnd>& end, Duration begun);
  bool take(const WatchEvent& event, std::uint64_t list);

  KubeClient& client_;
  const std::string path_;
  const std::string query_;
  const Clock& clock_;
  const WatchTempo tempo_;
  const std::shared_ptr<io::Cancellation> cancellation_ = std::make_shared<io::Cancellation>();

  std::mutex mutex_;  // protects all below
  std::condition_variable changed_;
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
  std::chrono::steady_clock::time_point not_before_{};
  Random random_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tradewind::kubernetes
