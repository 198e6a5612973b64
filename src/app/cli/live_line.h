// One line at the bottom of the terminal that is drawn over and over, and lines that scroll above it.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/context.h"

namespace tradewind::cli {

class LiveLine {
 public:
  explicit LiveLine(Context& context) : context_(context) {}
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // Draws the line. Only on a terminal: elsewhere it does nothing.
  void show(const std::string& line);
  void clear();
  // Output of the job, as it is. The line is drawn again only once the output has ended its own line.
  void print_out(std::string_view bytes);
  // A line of ours.
  void print_err(const std::string& line);

 private:
  Context& context_;
  std::string line_;
  bool drawn_ = false;
  bool out_at_line_start_ = true;
};

}  // namespace tradewind::cli
