#include "app/agent/rank_lines.h"

namespace tradewind::agent {
namespace {

constexpr std::size_t line_bytes_max = 64 << 10;

bool ends_line(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

void RankLines::add(std::string_view bytes) {
  std::size_t whole = 0;  // bytes of pending_ that end with a line
  for (const char c : bytes) {
    const bool begins = last_ == '\n' || (last_ == '\r' && c != '\n');
    if (begins) pending_ += mark_;
    pending_ += c;
    last_ = c;
    if (ends_line(c) || pending_.size() - whole >= line_bytes_max) whole = pending_.size();
  }
  if (whole == 0) return;
  take_(std::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
}

void RankLines::finish() {
  if (pending_.empty()) return;
  if (!ends_line(last_)) pending_ += '\n';
  take_(pending_);
  pending_.clear();
  last_ = '\n';
}

}  // namespace tradewind::agent
