#include "app/agent/metadata_watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/agent/metadata_service.h"
#include "base/text.h"

namespace tradewind::agent {
namespace {

struct Kind {
  std::string_view name;
  MetadataKind kind;
};
constexpr std::array<Kind, 3> kinds = {Kind{"aws", MetadataKind::aws}, Kind{"azure", MetadataKind::azure},
                                       Kind{"gcp", MetadataKind::gcp}};
// Link-local, the same on the machines of all three.
constexpr std::string_view usual_address = "http://169.254.169.254:80";

}  // namespace

Result<MetadataSource> parse_metadata_source(std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto found = std::ranges::find(kinds, text.substr(0, comma), &Kind::name);
  if (found == kinds.end())
    return Error{Code::invalid_argument,
                 "'" + std::string(text.substr(0, comma)) + "' has no metadata service",
                 "aws, azure and gcp have"};
  const std::string_view address = comma == text.size() ? usual_address : text.substr(comma + 1);
  MetadataSource source;
  source.kind = found->kind;
  TW_ASSIGN_OR_RETURN(source.endpoint, io::parse_http_endpoint(address));
  return source;
}

MetadataWatch::MetadataWatch(MetadataSource source, MetadataTempo tempo, const Clock& clock,
                             std::function<void()> wake)
    : clock_(clock),
      wake_(std::move(wake)),
      cancellation_(std::make_shared<io::Cancellation>()),
      service_(metadata_service(source, tempo, cancellation_)) {
  thread_ = std::thread([this] { work(); });
}

MetadataWatch::~MetadataWatch() {
  end();
}

// Safe to repeat.
void MetadataWatch::end() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  cancellation_->ask();
  if (thread_.joinable()) thread_.join();
}

void MetadataWatch::work() {
  for (;;) {
    const Result<MetadataWord> word = service_->ask(clock_.now());
    std::unique_lock lock(mutex_);
    if (stop_) return;
    if (hear(word)) {
      lock.unlock();
      wake_();
      lock.lock();
    }
    stopped_.wait_for(lock, word.ok() ? service_->gap() : pause_after_failure, [this] { return stop_; });
    if (stop_) return;
  }
}

// Is there something new?
bool MetadataWatch::hear(const Result<MetadataWord>& word) {
  if (!word.ok()) {
    if (std::exchange(silent_, true)) return false;
    warning_ = "no notice of a preemption would be seen: " + word.error().message;
    return true;
  }
  silent_ = false;
  bool news = false;
  // The same event is told with the time at which it is read: a deadline that only slides is no news.
  if (word->notice &&
      (!told_ || told_->reason != word->notice->reason || word->notice->deadline < told_->deadline)) {
    told_ = notice_ = word->notice;
    news = true;
  }
  if (word->hint && hinted_ != word->hint) {
    hinted_ = hint_ = word->hint;
    news = true;
  }
  return news;
}

std::optional<PreemptionNotice> MetadataWatch::take_notice() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notice_, std::nullopt);
}

std::optional<std::string> MetadataWatch::take_hint() {
  const std::lock_guard lock(mutex_);
  return std::exchange(hint_, std::nullopt);
}

std::string MetadataWatch::take_warning() {
  const std::lock_guard lock(mutex_);
  return std::exchange(warning_, {});
}

Status MetadataWatch::approve() {
  end();
  cancellation_->take_back();
  return service_->approve();
}

}  // namespace tradewind::agent
