#include "app/cli/transfer_progress.h"

#include <algorithm>

#include "app/cli/progress_bar.h"
#include "base/text.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"

namespace tradewind::cli {
namespace {

constexpr Duration between_lines{100};
constexpr int bar_width = 28;

Duration eta_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration_of_seconds(std::min(seconds, 1e7)));
}

}  // namespace

TransferProgress::TransferProgress(objectstore::ObjectStore& store, std::string verb, Context& context)
    : context_(context),
      verb_(std::move(verb)),
      began_(context.clock.monotonic()),
      watched_(store, [this](const objectstore::FaultStore::Call& call) { return on_call(call); }),
      line_(context) {}

void TransferProgress::expect(const std::string& job_prefix, const Manifest& manifest) {
  const std::lock_guard lock(mutex_);
  for (const ChunkRef& chunk : checkpoint::distinct_chunks(manifest)) {
    if (bytes_.emplace(checkpoint::chunk_key(job_prefix, chunk.digest), chunk.size).second)
      total_ += chunk.size;
  }
}

void TransferProgress::expect(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  total_ += bytes;
}

void TransferProgress::advance(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  done_ = std::min(done_ + bytes, total_);
  show();
}

Status TransferProgress::on_call(const objectstore::FaultStore::Call& call) {
  using Moment = objectstore::FaultStore::Moment;
  if (call.moment == Moment::before && context_.interrupted) return Error{Code::cancelled, "interrupted"};
  if (call.moment == Moment::before || call.operation != objectstore::Operation::get) return {};
  const std::lock_guard lock(mutex_);
  const auto chunk = bytes_.find(call.key);
  if (chunk == bytes_.end()) return {};
  done_ += chunk->second;
  bytes_.erase(chunk);
  show();
  return {};
}

void TransferProgress::show() {
  const Duration now = context_.clock.monotonic();
  if (now - shown_at_ < between_lines && done_ < total_) return;
  shown_at_ = now;
  std::string line =
      verb_ + "  " +
      bar(static_cast<double>(done_) / static_cast<double>(std::max<std::uint64_t>(total_, 1)), bar_width) +
      "  " + format_bytes(done_) + " of " + format_bytes(total_);
  const double seconds = seconds_of(now - began_);
  if (seconds > 0.5 && done_ > 0) {
    const double per_s = static_cast<double>(done_) / seconds;
    line += "  " + format_bytes(static_cast<std::uint64_t>(per_s)) + "/s";
    if (done_ < total_)
      line += "  ETA " + format_duration(eta_of(static_cast<double>(total_ - done_) / per_s));
  }
  line_.show(line);
}

}  // namespace tradewind::cli
