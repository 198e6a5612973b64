// The thread that asks the machine's own cloud whether its end is near, as long as the agent runs.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/agent/metadata_answers.h"
#include "base/clock.h"
#include "edge/io/cancellation.h"
#include "edge/io/http_socket.h"

namespace tradewind::agent {

enum class MetadataKind { aws, azure, gcp };

struct MetadataSource {
  MetadataKind kind = MetadataKind::aws;
  io::HttpEndpoint endpoint;
};
// "aws", "azure", "gcp": the address that is the same on all their machines; or "aws,http://127.0.0.1:8080".
// invalid_argument: it is none.
Result<MetadataSource> parse_metadata_source(std::string_view text);

struct MetadataTempo {
  Duration aws_gap = std::chrono::seconds(5);      // as AWS advises
  Duration azure_gap = std::chrono::seconds(1);    // as Azure advises
  Duration google_gap = std::chrono::seconds(10);  // the longest that one question stays open
  Duration patience = std::chrono::seconds(5);     // of one answer beyond that
  // What Google leaves from "preempted" to the end, where the machine was not started with a longer notice.
  Duration google_lead = std::chrono::seconds(30);
};

class MetadataService;
struct MetadataWord;

class MetadataWatch {
 public:
  // `wake` is called from the thread when there is something to take. REQUIRES: `clock` outlives this.
  MetadataWatch(MetadataSource source, MetadataTempo tempo, const Clock& clock, std::function<void()> wake);
  ~MetadataWatch();
  MetadataWatch(const MetadataWatch&) = delete;
  MetadataWatch& operator=(const MetadataWatch&) = delete;

  // Each notice once; of several between two calls the newest.
  std::optional<PreemptionNotice> take_notice();
  // An interruption is likelier than usual: why. Each once.
  std::optional<std::string> take_hint();
  // Why the service does not answer; told once, and again after it has answered. Empty: nothing new.
  std::string take_warning();
  // All is saved: the cloud need not wait any longer for what it has told (Azure's events). Ends the watch.
  // unavailable: it did not take the word, and goes on at the time that it told.
  Status approve();

 private:
  static constexpr Duration pause_after_failure = std::chrono::seconds(5);
  void work();
  bool hear(const Result<MetadataWord>& word);
  void end();

  const Clock& clock_;
  const std::function<void()> wake_;
  const std::shared_ptr<io::Cancellation> cancellation_;
  const std::unique_ptr<MetadataService> service_;  // the thread's, as long as that runs
  std::mutex mutex_;                                // guards all below
  std::condition_variable stopped_;
  bool stop_ = false;
  std::optional<PreemptionNotice> told_;
  std::optional<PreemptionNotice> notice_;
  std::optional<std::string> hinted_;
  std::optional<std::string> hint_;
  std::string warning_;
  bool silent_ = false;
  std::thread thread_;
};

}  // namespace tradewind::agent
