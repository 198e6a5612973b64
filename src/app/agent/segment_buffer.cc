#include "app/agent/segment_buffer.h"

#include <utility>

namespace tradewind::agent {

void SegmentBuffer::add(std::string_view bytes, Duration now) {
  if (bytes.empty()) return;
  if (pending_.empty()) oldest_ = now;
  pending_.append(bytes);
}

bool SegmentBuffer::due(Duration now) const {
  return pending_.size() >= segment_bytes_ || (!pending_.empty() && now >= oldest_ + patience_);
}

std::optional<Duration> SegmentBuffer::due_at() const {
  if (pending_.empty()) return std::nullopt;
  return oldest_ + patience_;
}

std::string SegmentBuffer::take() {
  return std::exchange(pending_, std::string());
}

}  // namespace tradewind::agent
