// Virtual time: a queue of things to happen. One thread, no waiting; equal times happen in the order they
// were planned.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"

namespace tradewind::simulator {

class Timeline final : public Clock {
 public:
  explicit Timeline(Time start) : start_(start), now_(start) {}

  Time now() const override { return now_; }
  Duration monotonic() const override { return now_ - start_; }

  void at(Time time, std::function<void()> happening) {
    queue_.emplace(std::pair(std::max(time, now_), sequence_++), std::move(happening));
  }
  void after(Duration span, std::function<void()> happening) { at(now_ + span, std::move(happening)); }
  // When the next thing happens; Time::max() when nothing is planned.
  Time next() const { return queue_.empty() ? Time::max() : queue_.begin()->first.first; }
  // Lets the next thing happen. REQUIRES: something is planned.
  void advance() {
    auto first = queue_.extract(queue_.begin());
    now_ = first.key().first;
    first.mapped()();
  }
  // Nothing happens in between. REQUIRES: next() > time
  void skip_to(Time time) { now_ = std::max(now_, time); }

 private:
  Time start_;
  Time now_;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> queue_;
};

}  // namespace tradewind::simulator
