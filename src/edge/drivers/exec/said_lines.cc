#include "edge/drivers/exec/said_lines.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace tradewind::exec {
namespace {

constexpr std::size_t letters_max = 500;
constexpr double lines_at_once = 20;
constexpr double lines_per_s = 1;

}  // namespace

void SaidLines::take(std::string_view bytes, Duration now) {
  for (const char c : bytes) {
    if (c == '\n') {
      end_line(now);
    } else if (begun_.size() < letters_max) {
      begun_ += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;  // nothing steers a terminal
    } else if (begun_.size() == letters_max) {
      begun_ += "…";  // longer than letters_max now: the rest is passed over
    }
  }
}

void SaidLines::end_line(Duration now) {
  const std::string line = make_utf8(trim(std::exchange(begun_, "")));
  if (line.empty()) return;
  last_ = line;
  allowed_ = std::min(lines_at_once, allowed_ + lines_per_s * seconds_of(now - allowed_at_));
  allowed_at_ = now;
  if (allowed_ < 1) {
    ++left_out_;
    return;
  }
  allowed_ -= 1;
  if (left_out_ > 0) log_("… " + count_text(std::exchange(left_out_, 0), "line") + " left out");
  log_(line);
}

void SaidLines::finish() {
  end_line(allowed_at_);
  if (left_out_ > 0) log_("… " + count_text(std::exchange(left_out_, 0), "line") + " left out");
}

}  // namespace tradewind::exec
