// The output of one rank, as it stands in the log that all share.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tradewind::agent {

// Puts the mark before each line, and hands on whole lines alone, so that two ranks never share one. What
// ends with a carriage return, as a progress bar does, is a line too. A line of more than 64 KiB goes on in
// parts.
class RankLines {
 public:
  using Take = std::function<void(std::string_view)>;
  RankLines(std::string mark, Take take) : mark_(std::move(mark)), take_(std::move(take)) {}
  void add(std::string_view bytes);
  // No more will come: the last line may be without an end.
  void finish();

 private:
  std::string mark_;
  Take take_;
  std::string pending_;
  char last_ = '\n';  // of what was handed on or is pending
};

}  // namespace tradewind::agent
