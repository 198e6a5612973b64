// Bytes on their way into numbered segments. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tradewind::agent {

// Collects until there is enough for a segment, or until the oldest byte has waited long enough.
class SegmentBuffer {
 public:
  SegmentBuffer(std::size_t segment_bytes, Duration patience)
      : segment_bytes_(segment_bytes), patience_(patience) {}

  void add(std::string_view bytes, Duration now);
  // Bytes that may be added before a segment should be taken. Never negative; add() takes more all the same.
  std::size_t room() const { return pending_.size() < segment_bytes_ ? segment_bytes_ - pending_.size() : 0; }
  bool due(Duration now) const;
  // When the next segment is due without further bytes.
  std::optional<Duration> due_at() const;
  // All that is pending; the buffer is empty afterwards and holds no memory.
  std::string take();
  bool empty() const { return pending_.empty(); }

 private:
  std::size_t segment_bytes_;
  Duration patience_;
  std::string pending_;
  Duration oldest_{};
};

}  // namespace tradewind::agent
