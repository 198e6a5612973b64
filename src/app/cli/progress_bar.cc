#include "app/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "app/cli/terminal.h"
#include "app/cli/text_width.h"

namespace tradewind::cli {
namespace {

constexpr int bar_width_max = 28;
constexpr int bar_width_min = 8;
constexpr const char* gap = "  ";

std::string step_text(const api::JobSummary& job) {
  if (job.total_steps <= 0) return job.step > 0 ? "step " + short_number(job.step) : "";
  return short_number(job.step) + "/" + short_number(job.total_steps);
}

std::string eta_text(const api::JobSummary& job) {
  if (!job.eta || job.state != "running" || job.eta->count() == 0) return "";
  return "ETA " + whole_seconds(*job.eta);
}

// Everything beside state and bar, the most telling first.
std::vector<std::string> parts_of(const api::JobSummary& job) {
  std::vector<std::string> parts{step_text(job)};
  const auto loss = job.metrics.find("loss");
  if (loss != job.metrics.end()) parts.push_back("loss " + short_number(loss->second));
  if (job.rate_per_s > 0 && job.state == "running") parts.push_back(short_number(job.rate_per_s) + " step/s");
  parts.push_back(eta_text(job));
  parts.push_back(job.cost.text());
  parts.push_back(printable(job.location));
  std::erase(parts, "");
  return parts;
}

Style style_of(const std::string& state) {
  if (state == "running" || state == "succeeded") return Style::green;
  if (state == "failed") return Style::red;
  return Style::yellow;
}

}  // namespace

std::string short_number(double value) {
  char text[32];
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    std::snprintf(text, sizeof(text), "%.0f", value);
  } else {
    std::snprintf(text, sizeof(text), "%.4g", value);
  }
  return text;
}

std::string whole_seconds(Duration span) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(span);
  return seconds < std::chrono::minutes(1) ? std::to_string(seconds.count()) + "s" : format_duration(seconds);
}

std::string bar(double share, int width) {
  const int inner = width - 2;
  const double sane = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
  const int filled = static_cast<int>(sane * inner);
  std::string text = "[" + std::string(static_cast<std::size_t>(filled), '=');
  if (filled < inner) text += filled > 0 || sane > 0 ? '>' : ' ';
  text.resize(static_cast<std::size_t>(inner) + 1, ' ');
  return text + "]";
}

std::string progress_text(const api::JobSummary& job, const BarStyle& style) {
  const std::string state = job.unseen_since ? "unseen" : job.state;
  std::vector<std::string> parts = parts_of(job);
  const auto length = [&] {
    int total = display_width(state);
    for (const std::string& part : parts) total += display_width(part) + 2;
    return total;
  };
  while (style.width > 0 && length() > style.width && !parts.empty()) parts.pop_back();
  std::string text = paint(style_of(job.state), state, style.colour);
  const int room = style.width == 0 ? bar_width_max : std::min(style.width - length() - 2, bar_width_max);
  if (job.total_steps > 0 && room >= bar_width_min) text += gap + bar(job.step / job.total_steps, room);
  for (const std::string& part : parts) text += gap + part;
  return text;
}

}  // namespace tradewind::cli
