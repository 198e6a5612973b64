// What a program says on stderr, as lines of our log: each bounded, and no more of them than a log bears.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tradewind::exec {

// For one thread.
class SaidLines {
 public:
  explicit SaidLines(std::function<void(const std::string&)> log) : log_(std::move(log)) {}
  // `now` never goes back.
  void take(std::string_view bytes, Duration now);
  // The line that was begun, and how many were left out.
  void finish();
  const std::string& last() const { return last_; }

 private:
  void end_line(Duration now);

  const std::function<void(const std::string&)> log_;
  std::string begun_;
  std::string last_;
  double allowed_ = 20;  // lines that may follow each other at once; one more each second
  Duration allowed_at_{};
  std::size_t left_out_ = 0;
};

}  // namespace tradewind::exec
