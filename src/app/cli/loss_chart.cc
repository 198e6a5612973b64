#include "app/cli/loss_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "app/cli/markup.h"
#include "base/text.h"

namespace tradewind::cli {
namespace {

constexpr double width = 900;
constexpr double height = 420;
constexpr double left = 64;
constexpr double right = 24;
constexpr double top = 74;
constexpr double bottom = 48;
// Okabe and Ito's colours, which people with any colour vision can tell apart.
constexpr std::array<const char*, 6> colours = {"#0072b2", "#d55e00", "#009e73",
                                                "#cc79a7", "#e69f00", "#56b4e9"};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

// At most four digits: "0.5", "250", "1.75".
std::string label(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

struct Dot {
  double step;
  double value;
};

// What one place did.
struct Stretch {
  const api::LeaseView* lease = nullptr;
  std::string place;
  std::vector<Dot> dots;
  double counted_to = 0;  // steps beyond it were done again elsewhere
};

std::vector<Stretch> stretches_of(const LossChart& chart) {
  std::vector<Stretch> stretches;
  LeaseId current;
  for (const api::ProgressPoint& point : chart.points) {
    const auto value = point.metrics.find(chart.metric);
    if (value == point.metrics.end() || !std::isfinite(value->second)) continue;
    if (stretches.empty() || point.lease != current) {
      current = point.lease;
      stretches.emplace_back();
      for (const api::LeaseView& lease : chart.leases) {
        if (lease.id == current) stretches.back().lease = &lease;
      }
      stretches.back().place =
          stretches.back().lease != nullptr ? stretches.back().lease->location : "unknown";
    }
    stretches.back().dots.push_back({point.step, value->second});
  }
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const bool last = i + 1 == stretches.size();
    // Where the next one began: one step before its first.
    const double next = last || stretches[i + 1].dots.empty() ? INFINITY : stretches[i + 1].dots.front().step;
    stretches[i].counted_to = next;
  }
  return stretches;
}

// Round distances between the marks of an axis: 1, 2 or 5 times a power of ten.
double tick_distance(double span, int ticks) {
  const double raw = span / ticks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

class Picture {
 public:
  explicit Picture(const std::vector<Stretch>& stretches) {
    bool first = true;
    for (const Stretch& stretch : stretches) {
      for (const Dot& dot : stretch.dots) {
        low_ = first ? dot.value : std::min(low_, dot.value);
        high_ = first ? dot.value : std::max(high_, dot.value);
        end_ = std::max(end_, dot.step);
        first = false;
      }
    }
    if (high_ - low_ < 1e-12) high_ = low_ + 1;
    const double margin = (high_ - low_) * 0.05;
    low_ -= margin;
    high_ += margin;
  }

  double x(double step) const { return left + (width - left - right) * step / std::max(end_, 1.0); }
  double y(double value) const { return top + (height - top - bottom) * (high_ - value) / (high_ - low_); }

  void axes(const std::string& metric) {
    const double up = tick_distance(high_ - low_, 5);
    const auto first = static_cast<std::int64_t>(std::ceil(low_ / up));
    const auto last = static_cast<std::int64_t>(std::floor(high_ / up));
    for (std::int64_t tick = first; tick <= last; ++tick) {
      const double value = static_cast<double>(tick) * up;
      line(left, y(value), width - right, y(value), "#e4e4e4", "");
      text(left - 8, y(value) + 4, label(value), "end", "#555");
    }
    const double along = tick_distance(std::max(end_, 1.0), 8);
    for (int tick = 0; tick * along <= end_ + along / 1000; ++tick) {
      const double step = tick * along;
      line(x(step), height - bottom, x(step), height - bottom + 5, "#999", "");
      text(x(step), height - bottom + 19, label(step), "middle", "#555");
    }
    line(left, height - bottom, width - right, height - bottom, "#999", "");
    text((left + width - right) / 2, height - 10, "step", "middle", "#555");
    text(left - 8, top - 10, metric, "end", "#555");
  }

  void curve(const std::vector<Dot>& dots, const char* colour, bool faint) {
    if (dots.empty()) return;
    std::string points;
    for (const Dot& dot : dots) points += number(x(dot.step)) + "," + number(y(dot.value)) + " ";
    points.pop_back();
    svg_ += "<polyline fill=\"none\" stroke=\"" + std::string(colour) + "\" stroke-width=\"" +
            (faint ? "1.2\" stroke-opacity=\"0.45\" stroke-dasharray=\"3 3" : "1.8") + "\" points=\"" +
            points + "\"/>\n";
  }

  void line(double x1, double y1, double x2, double y2, const char* colour, const std::string& dashes) {
    svg_ += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
            number(y2) + "\" stroke=\"" + colour + "\"" +
            (dashes.empty() ? "" : " stroke-dasharray=\"" + dashes + "\"") + "/>\n";
  }

  void text(double at_x, double at_y, const std::string& words, const char* anchor, const char* colour,
            const char* extra = "") {
    svg_ += "<text x=\"" + number(at_x) + "\" y=\"" + number(at_y) + "\" text-anchor=\"" + anchor +
            "\" fill=\"" + colour + "\"" + extra + ">" + escape(words) + "</text>\n";
  }

  std::string take() { return std::move(svg_); }

 private:
  double low_ = 0;
  double high_ = 1;
  double end_ = 1;
  std::string svg_;
};

// "lost at 130, went on from 100", "moved after 250".
std::string change_text(const Stretch& from, const Stretch& to, const std::vector<api::MoveView>& moves) {
  const double last = from.dots.back().step;
  const double next = to.dots.front().step;
  for (const api::MoveView& move : moves) {
    if (from.lease != nullptr && to.lease != nullptr && move.state == "done" &&
        move.from == from.lease->location && move.to == to.lease->location) {
      return "moved after " + label(last);
    }
  }
  const std::string end = from.lease == nullptr || from.lease->end.empty() ? "ended" : from.lease->end;
  if (next > last) return end + " after " + label(last);
  return end + " at " + label(last) + ", went on from " + label(next - 1);
}

void draw(Picture& picture, const std::vector<Stretch>& stretches, const LossChart& chart) {
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    const char* colour = colours[i % colours.size()];
    std::vector<Dot> counted;
    std::vector<Dot> redone;
    for (const Dot& dot : stretch.dots) (dot.step < stretch.counted_to ? counted : redone).push_back(dot);
    if (!counted.empty() && !redone.empty()) redone.insert(redone.begin(), counted.back());
    picture.curve(counted, colour, false);
    picture.curve(redone, colour, true);
    if (i == 0) continue;
    const double at = picture.x(stretches[i - 1].dots.back().step);
    picture.line(at, top, at, height - bottom, "#888", "5 4");
    // Alternating heights, so that two changes close to each other can both be read.
    const double row = top + 12 + static_cast<double>((i - 1) % 3) * 16;
    const bool near_end = at > width * 0.62;
    picture.text(near_end ? at - 6 : at + 6, row, change_text(stretches[i - 1], stretch, chart.moves),
                 near_end ? "end" : "start", "#333");
  }
}

void legend(Picture& picture, const std::vector<Stretch>& stretches) {
  double at = left;
  for (std::size_t i = 0; i < stretches.size() && at < width - 120; ++i) {
    picture.line(at, 44, at + 22, 44, colours[i % colours.size()], "");
    picture.text(at + 28, 48, stretches[i].place, "start", "#333");
    at += 48 + 7.2 * static_cast<double>(stretches[i].place.size());
  }
}

}  // namespace

Result<std::string> render_svg(const LossChart& chart) {
  const std::vector<Stretch> stretches = stretches_of(chart);
  if (stretches.empty()) {
    std::set<std::string> metrics;
    for (const api::ProgressPoint& point : chart.points) {
      for (const auto& [name, value] : point.metrics) metrics.insert(name);
    }
    const std::vector<std::string> names(metrics.begin(), metrics.end());
    return Error{Code::invalid_argument, "the job reported no '" + chart.metric + "'",
                 names.empty() ? "programs report metrics in $TRADEWIND_PROGRESS"
                               : "it reported " + join(names, ", ") + ": choose with --metric"};
  }
  Picture picture(stretches);
  picture.axes(chart.metric);
  draw(picture, stretches, chart);
  legend(picture, stretches);
  picture.text(left, 24, chart.title, "start", "#111", " font-size=\"16\" font-weight=\"bold\"");
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + label(width) + "\" height=\"" +
         label(height) + "\" viewBox=\"0 0 " + label(width) + " " + label(height) +
         "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
         "fill=\"#ffffff\"/>\n" +
         picture.take() + "</svg>\n";
}

}  // namespace tradewind::cli
