#include "app/cli/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "app/cli/markup.h"
#include "core/backtest/scenario.h"

namespace tradewind::cli {

using backtest::Moment;
using backtest::Outcome;
using policy::Holding;
using policy::Problem;
using policy::Purchase;

namespace {

constexpr double width = 1100;
constexpr double left = 150;
constexpr double right = 84;
constexpr double head = 62;  // title and figures
constexpr double row = 17;   // of a zone
constexpr double bar = 13;
constexpr double gap = 16;
constexpr double progress_height = 130;
constexpr double money_height = 96;
constexpr double foot = 40;     // hours and their name
constexpr double between = 26;  // panels
constexpr double legend_height = 34;

// Okabe and Ito's colours, which people with any colour vision can tell apart.
constexpr const char* spot_colour = "#0072b2";
constexpr const char* on_demand_colour = "#e69f00";
constexpr const char* lost_colour = "#d55e00";
constexpr const char* up_colour = "#cfe6d8";
constexpr const char* down_colour = "#f1f1f1";
constexpr const char* ink = "#222";
constexpr const char* faint = "#666";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  return text;
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

// Round distances between the marks of an axis: 1, 2 or 5 times a power of ten.
double mark_distance(double span, int marks) {
  const double raw = std::max(span, 1e-9) / marks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

double hours_mark(double hours) {
  for (const double step : {1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0}) {
    if (hours / step <= 14) return step;
  }
  return mark_distance(hours, 12);
}

class Canvas {
 public:
  void rect(double x, double y, double w, double h, const std::string& colour, const std::string& more = {}) {
    svg_ += "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(std::max(w, 0.4)) +
            "\" height=\"" + number(h) + "\" fill=\"" + colour + "\"" + more + "/>\n";
  }
  void line(double x1, double y1, double x2, double y2, const char* colour, const char* more = "") {
    svg_ += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
            number(y2) + "\" stroke=\"" + colour + "\"" + more + "/>\n";
  }
  void dot(double x, double y) {
    svg_ += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"3\" fill=\"" + ink + "\"/>\n";
  }
  void text(double x, double y, std::string_view words, const char* anchor, const char* colour,
            const char* more = "") {
    svg_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\" fill=\"" +
            colour + "\"" + more + ">" + escape(words) + "</text>\n";
  }
  void path(const std::string& points, const char* more) {
    svg_ += "<path d=\"" + points + "\"" + more + "/>\n";
  }
  std::string take() { return std::move(svg_); }

 private:
  std::string svg_;
};

// Calls visit(begin, end, value) for each stretch of ticks with the same value.
template <class Value>
void for_stretches(std::size_t ticks, const std::function<Value(std::size_t)>& value,
                   const std::function<void(std::size_t, std::size_t, const Value&)>& visit) {
  for (std::size_t begin = 0; begin < ticks;) {
    const Value first = value(begin);
    std::size_t end = begin + 1;
    while (end < ticks && value(end) == first) ++end;
    visit(begin, end, first);
    begin = end;
  }
}

class Panel {
 public:
  Panel(const Timeline& timeline, const TimelineRun& run, double top, Canvas& canvas)
      : timeline_(timeline), problem_(timeline.world.problem), run_(run), canvas_(canvas), top_(top) {}

  static double height(const Problem& problem) {
    return head + row * static_cast<double>(problem.zones.size()) + gap + progress_height + gap +
           money_height + foot;
  }

  void draw() {
    title();
    zones();
    progress();
    money();
    hours();
  }

 private:
  double x(double seconds) const { return left + (width - left - right) * seconds / problem_.deadline_s(); }
  double x_tick(std::size_t tick) const { return x(static_cast<double>(tick) * problem_.tick_s); }
  double zones_top() const { return top_ + head; }
  double progress_top() const { return zones_top() + row * static_cast<double>(problem_.zones.size()) + gap; }
  double money_top() const { return progress_top() + progress_height + gap; }
  double bottom() const { return money_top() + money_height; }

  void title() {
    const Outcome& outcome = run_.played.outcome;
    canvas_.text(16, top_ + 24, run_.policy, "start", ink, " font-size=\"18\" font-weight=\"600\"");
    std::string words = fixed(outcome.cost_usd, 2) + " USD, " +
                        fixed(100 * outcome.cost_usd / backtest::on_demand_usd(problem_), 0) +
                        " % of on-demand";
    if (timeline_.optimum && timeline_.optimum->feasible) {
      words += ", " + fixed(outcome.cost_usd / timeline_.optimum->cost_usd, 2) + " × the optimum";
    }
    words += "   ·   " + (outcome.finished ? "done after " + fixed(outcome.finished_s / 3600, 1) + " h of " +
                                                 fixed(problem_.deadline_s() / 3600, 1) + " h"
                                           : std::string("DEADLINE MISSED, penalty included"));
    words += "   ·   " + std::to_string(outcome.launches) +
             (outcome.launches == 1 ? " launch, " : " launches, ") + std::to_string(outcome.preemptions) +
             " lost";
    if (outcome.egress_usd > 0) words += ", " + fixed(outcome.egress_usd, 2) + " USD of egress";
    canvas_.text(16, top_ + 46, words, "start", outcome.finished ? faint : lost_colour);
  }

  void zones() {
    for (std::size_t zone = 0; zone < problem_.zones.size(); ++zone) {
      const double y = zones_top() + row * static_cast<double>(zone);
      std::string name = problem_.zones[zone].name;
      if (name.size() > 20) name = "…" + name.substr(name.size() - 19);
      canvas_.text(left - 8, y + bar - 2, name, "end", ink);
      availability(zone, y);
      holdings(zone, y);
    }
  }

  void availability(std::size_t zone, double y) {
    const std::vector<std::uint8_t>& up = timeline_.world.up[zone];
    canvas_.rect(left, y, width - left - right, bar, down_colour);
    for_stretches<bool>(
        up.size(), [&](std::size_t k) { return up[k] != 0; },
        [&](std::size_t begin, std::size_t end, const bool& is_up) {
          if (is_up) canvas_.rect(x_tick(begin), y, x_tick(end) - x_tick(begin), bar, up_colour);
        });
  }

  void holdings(std::size_t zone, double y) {
    const std::vector<Moment>& moments = run_.played.moments;
    struct Look {
      bool here = false;
      bool spot = false;
      bool setting_up = false;
      bool operator==(const Look&) const = default;
    };
    for_stretches<Look>(
        moments.size(),
        [&](std::size_t k) {
          const std::optional<Holding>& held = moments[k].held;
          if (!held || static_cast<std::size_t>(held->zone) != zone) return Look{};
          return Look{true, held->purchase == Purchase::spot, moments[k].setting_up};
        },
        [&](std::size_t begin, std::size_t end, const Look& look) {
          if (!look.here) return;
          const double from = x_tick(begin);
          const double to = end == moments.size() && run_.played.outcome.finished
                                ? x(run_.played.outcome.finished_s)
                                : x_tick(end);
          canvas_.rect(from, y + 2, to - from, bar - 4, look.spot ? spot_colour : on_demand_colour,
                       look.setting_up ? " fill-opacity=\"0.5\"" : "");
          const bool lost = end < moments.size() && moments[end].preempted;
          if (lost) canvas_.rect(to - 1, y - 1, 2.4, bar + 2, lost_colour);
        });
  }

  void frame(double y, double height, double high, const char* unit, bool money) {
    const double step = mark_distance(high, 4);
    for (int mark = 0; mark * step <= high * 1.0001; ++mark) {
      const double value = mark * step;
      const double at = y + height - height * value / high;
      canvas_.line(left, at, width - right, at, "#e6e6e6");
      canvas_.text(left - 8, at + 4, fixed(value, step < 1 ? (step < 0.1 ? 2 : 1) : 0), "end", faint);
    }
    canvas_.text(16, y + 12, unit, "start", ink);
    canvas_.line(x(problem_.deadline_s()), y, x(problem_.deadline_s()), y + height, lost_colour,
                 " stroke-width=\"1.5\"");
    if (!money) canvas_.text(x(problem_.deadline_s()) + 5, y + 12, "deadline", "start", lost_colour);
  }

  // A polyline through what each moment says, ending where the run did.
  std::string curve(const std::function<double(const Moment&)>& value, double last,
                    const std::function<double(double)>& y) const {
    const std::vector<Moment>& moments = run_.played.moments;
    std::string points;
    for (std::size_t k = 0; k < moments.size(); ++k) {
      points += (k == 0 ? "M" : "L") + number(x_tick(k)) + " " + number(y(value(moments[k]))) + " ";
    }
    const Outcome& outcome = run_.played.outcome;
    const double end = outcome.finished ? outcome.finished_s : problem_.deadline_s();
    return points + "L" + number(x(end)) + " " + number(y(last));
  }

  void progress() {
    const double high = problem_.work_s / 3600;
    const auto y = [&](double seconds) {
      return progress_top() + progress_height - progress_height * seconds / problem_.work_s;
    };
    // Where progress lies in it, on-demand can no longer be in time.
    const double last_start = problem_.deadline_s() - problem_.cold_start_s;
    const double begin = std::max(0.0, last_start - problem_.work_s);
    canvas_.path("M" + number(x(begin)) + " " + number(y(std::max(0.0, problem_.work_s - last_start))) +
                     " L" + number(x(last_start)) + " " + number(y(problem_.work_s)) + " L" +
                     number(x(problem_.deadline_s())) + " " + number(y(problem_.work_s)) + " L" +
                     number(x(problem_.deadline_s())) + " " + number(y(0)) + " L" + number(x(begin)) + " " +
                     number(y(0)) + " Z",
                 " fill=\"#fbe9df\"");
    frame(progress_top(), progress_height, high, "work done, h", false);
    canvas_.text(x(problem_.deadline_s()) - 8, y(0) - 8, "too late even for on-demand", "end", lost_colour,
                 " font-size=\"11\"");
    canvas_.path(
        curve([](const Moment& moment) { return moment.progress_s; }, run_.played.outcome.progress_s, y),
        " fill=\"none\" stroke=\"#222\" stroke-width=\"1.8\"");
    if (run_.played.outcome.finished) end_mark(y(problem_.work_s), "");
  }

  // Where the run was over.
  void end_mark(double y, const std::string& words) {
    const Outcome& outcome = run_.played.outcome;
    const double at = x(outcome.finished ? outcome.finished_s : problem_.deadline_s());
    canvas_.dot(at, y);
    canvas_.text(at - 8, y - 7, words, "end", ink, " font-weight=\"600\"");
  }

  void money() {
    const Outcome& outcome = run_.played.outcome;
    const double on_demand = backtest::on_demand_usd(problem_);
    const double high = std::max(outcome.cost_usd, on_demand) * 1.08;
    const auto y = [&](double usd) { return money_top() + money_height - money_height * usd / high; };
    frame(money_top(), money_height, high, "paid, USD", true);
    reference(y(on_demand), "on-demand", on_demand_colour);
    if (timeline_.optimum && timeline_.optimum->feasible)
      reference(y(timeline_.optimum->cost_usd), "optimum", "#009e73");
    canvas_.path(curve([](const Moment& moment) { return moment.cost_usd; }, outcome.cost_usd, y),
                 " fill=\"none\" stroke=\"#222\" stroke-width=\"1.8\"");
    end_mark(y(outcome.cost_usd), fixed(outcome.cost_usd, 2));
  }

  void reference(double y, const char* words, const char* colour) {
    canvas_.line(left, y, width - right, y, colour, " stroke-width=\"1.2\" stroke-dasharray=\"5 4\"");
    canvas_.text(width - right + 5, y + 4, words, "start", colour, " font-size=\"11\"");
  }

  void hours() {
    const double total = problem_.deadline_s() / 3600;
    const double step = hours_mark(total);
    for (int mark = 0; mark * step <= total * 1.0001; ++mark) {
      const double hour = mark * step;
      canvas_.line(x(hour * 3600), bottom(), x(hour * 3600), bottom() + 5, "#999");
      canvas_.text(x(hour * 3600), bottom() + 18, fixed(hour, step < 1 ? 1 : 0), "middle", faint);
    }
    canvas_.line(left, bottom(), width - right, bottom(), "#999");
    canvas_.text(width - right + 20, bottom() + 18, "hours", "start", faint);
  }

  const Timeline& timeline_;
  const Problem& problem_;
  const TimelineRun& run_;
  Canvas& canvas_;
  double top_;
};

void legend(double y, const Problem& problem, const std::string& label, Canvas& canvas) {
  canvas.text(16, y + 12, problem.id + (label.empty() ? "" : " (" + label + ")"), "start", ink,
              " font-weight=\"600\"");
  double at = width - right - 520;
  const auto entry = [&](const char* colour, const char* words, double advance, const char* more = "") {
    canvas.rect(at, y + 2, 22, bar - 2, colour, more);
    canvas.text(at + 28, y + 12, words, "start", faint);
    at += advance;
  };
  entry(up_colour, "spot to be had", 134);
  entry(spot_colour, "spot held", 104);
  entry(on_demand_colour, "on-demand held", 146);
  entry(spot_colour, "setting up", 100, " fill-opacity=\"0.5\"");
  canvas.rect(at + 10, y, 2.4, bar + 2, lost_colour);
  canvas.text(at + 22, y + 12, "lost", "start", faint);
}

std::string picture(const Timeline& timeline, const std::vector<const TimelineRun*>& runs) {
  const Problem& problem = timeline.world.problem;
  const double panel = Panel::height(problem);
  const double height = legend_height + static_cast<double>(runs.size()) * (panel + between) - between + 8;
  Canvas canvas;
  legend(12, problem, timeline.world.label, canvas);
  double top = legend_height;
  for (const TimelineRun* run : runs) {
    Panel(timeline, *run, top, canvas).draw();
    top += panel + between;
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
         "\" width=\"" + number(width) + "\" height=\"" + number(height) +
         "\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n<rect width=\"100%\" "
         "height=\"100%\" "
         "fill=\"#fff\"/>\n" +
         canvas.take() + "</svg>\n";
}

std::string table_row(const Timeline& timeline, const TimelineRun& run) {
  const Outcome& outcome = run.played.outcome;
  const bool known = timeline.optimum && timeline.optimum->feasible;
  return "<tr><td>" + escape(run.policy) + "</td><td>" + fixed(outcome.cost_usd, 2) + "</td><td>" +
         (known ? fixed(outcome.cost_usd / timeline.optimum->cost_usd, 3) : "-") + "</td><td>" +
         fixed(outcome.cost_usd / backtest::on_demand_usd(timeline.world.problem), 3) + "</td><td>" +
         (outcome.finished ? fixed(outcome.finished_s / 3600, 2) + " h" : "missed") + "</td><td>" +
         std::to_string(outcome.launches) + "</td><td>" + std::to_string(outcome.preemptions) + "</td><td>" +
         fixed(outcome.egress_usd, 2) + "</td></tr>\n";
}

std::string holding_text(const Problem& problem, const Holding& holding) {
  return problem.zones[static_cast<std::size_t>(holding.zone)].name +
         (holding.purchase == Purchase::spot ? " spot" : " on-demand");
}

std::string decision_text(const Problem& problem, const backtest::Decision& decision) {
  if (decision.answer.action == policy::Answer::Action::stop) return "stop";
  return "launch " + holding_text(problem, decision.answer.launch) + (decision.ok ? "" : ": not to be had");
}

std::string decisions_html(const Problem& problem, const TimelineRun& run) {
  std::string text = "<details><summary>" + std::to_string(run.played.decisions.size()) +
                     " decisions</summary><table><tr><th>after</th><th>work "
                     "done</th><th>held</th><th>decision</th><th>because</th></tr>\n";
  for (const backtest::Decision& decision : run.played.decisions) {
    text += "<tr><td>" + fixed(decision.tick * problem.tick_s / 3600, 2) + " h</td><td>" +
            fixed(decision.progress_s / 3600, 2) + " h</td><td>" +
            (decision.held ? escape(holding_text(problem, *decision.held)) : "nothing") + "</td><td>" +
            escape(decision_text(problem, decision)) + "</td><td>" + escape(decision.reason) + "</td></tr>\n";
  }
  return text + "</table></details>\n";
}

constexpr const char* page_style =
    "body{font:14px system-ui,'DejaVu Sans',sans-serif;color:#222;max-width:1140px;margin:24px "
    "auto;padding:0 16px}"
    "table{border-collapse:collapse;margin:12px 0}td,th{padding:3px 12px;border-bottom:1px solid "
    "#e4e4e4;text-align:right}"
    "td:first-child,th:first-child{text-align:left}details td,details "
    "th{text-align:left}svg{max-width:100%;height:auto}"
    "summary{cursor:pointer;color:#0072b2;margin:4px 0 20px}";

}  // namespace

std::string timeline_svg(const Timeline& timeline) {
  std::vector<const TimelineRun*> runs;
  for (const TimelineRun& run : timeline.runs) runs.push_back(&run);
  return picture(timeline, runs);
}

std::string timeline_html(const Timeline& timeline) {
  const Problem& problem = timeline.world.problem;
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     escape(problem.id) + "</title><style>" + page_style + "</style></head><body>\n<h1>" +
                     escape(problem.id) + "</h1>\n<p>" + fixed(problem.work_s / 3600, 1) + " h of work in " +
                     fixed(problem.deadline_s() / 3600, 1) + " h. On-demand alone costs " +
                     fixed(backtest::on_demand_usd(problem), 2) + " USD";
  if (timeline.optimum && timeline.optimum->feasible) {
    page += ", the best play with the whole future known " + fixed(timeline.optimum->cost_usd, 2) + " USD";
  }
  page +=
      ".</p>\n<table><tr><th>policy</th><th>USD</th><th>/ optimum</th><th>/ on-demand</th><th>done after</th>"
      "<th>launches</th><th>lost</th><th>egress USD</th></tr>\n";
  for (const TimelineRun& run : timeline.runs) page += table_row(timeline, run);
  page += "</table>\n";
  for (const TimelineRun& run : timeline.runs)
    page += picture(timeline, {&run}) + decisions_html(problem, run);
  return page + "</body></html>\n";
}

}  // namespace tradewind::cli
