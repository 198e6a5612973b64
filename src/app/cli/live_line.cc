#include "app/cli/live_line.h"

#include <ostream>

namespace tradewind::cli {

void LiveLine::show(const std::string& line) {
  line_ = line;
  const bool out_is_in_the_way = context_.terminal.out_is_tty && !out_at_line_start_;
  if (!context_.terminal.err_is_tty || out_is_in_the_way) return;
  context_.err << "\r\x1b[K" << line_ << std::flush;
  drawn_ = true;
}

void LiveLine::clear() {
  if (!drawn_) return;
  context_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

void LiveLine::print_out(std::string_view bytes) {
  if (bytes.empty()) return;
  clear();
  context_.out << bytes << std::flush;
  out_at_line_start_ = bytes.back() == '\n';
  if (!line_.empty()) show(line_);
}

void LiveLine::print_err(const std::string& line) {
  clear();
  if (context_.terminal.out_is_tty && !out_at_line_start_) {
    context_.out << "\n" << std::flush;
    out_at_line_start_ = true;
  }
  context_.err << line << "\n" << std::flush;
}

}  // namespace tradewind::cli
