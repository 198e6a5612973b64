// Places with a queue against places to be had now. An option's worth is what it costs to the end and what
// the time until then is worth; one that does not keep the deadline is left where another still does.
//
// The deadline. Standing in a queue forgoes nothing while a machine to be had now would still keep the
// deadline two ticks later: only then is what the queue may bring weighed against it.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

// What is held is left for a gain that is more than a rounding of estimates.
constexpr double gain_to_leave = 0.02;
constexpr double ticks_to_leave = 2;

struct Option {
  Holding what;
  double usd = 0;
  double end_s = 0;       // expected, from now
  double sure_end_s = 0;  // of which 95 of 100 stay below
  double queue_s = 0;
  double worth = 0;  // USD, with the time's
};

class BurstPlayer final : public Player {
 public:
  BurstPlayer(const Problem& problem, std::vector<WholeRuns> runs, double deadline_s)
      : problem_(problem), runs_(std::move(runs)), deadline_s_(deadline_s) {}

  Answer decide(const Sight& sight) override {
    why_.clear();
    if (sight.held && !sight.queued) return hold();
    left_s_ = deadline_s_ - problem_.tick_s * sight.tick;
    const std::vector<Option> options = options_of(sight);
    const std::optional<Option> held = held_of(sight);
    const Option* best = nullptr;
    for (const Option& option : options) {
      if (held && option.what == held->what) continue;
      if (best == nullptr || is_better(option, *best)) best = &option;
    }
    if (!held) return take(best);
    return best != nullptr && leaves(*held, *best, options) ? take(best, &*held) : hold();
  }

  std::string why() const override { return why_; }

 private:
  const WholeRun& run_of(const Holding& what) const {
    const WholeRuns& runs = runs_[static_cast<std::size_t>(what.zone)];
    return what.purchase == Purchase::spot ? runs.spot : runs.on_demand;
  }

  Option option_of(const Sight& sight, const Holding& what, double queue_s, double queue_sure_s) const {
    const double left = std::max(0.0, 1 - sight.progress_s / problem_.work_s);
    const WholeRun& run = run_of(what);
    Option option{what, run.usd * left + move_usd(problem_, sight, what.zone)};
    option.queue_s = queue_s;
    option.end_s = queue_s + run.run_s * left;
    option.sure_end_s = queue_sure_s + run.sure_s * left;
    option.worth = option.usd + problem_.waiting_usd_per_h * option.end_s / 3600;
    return option;
  }

  std::vector<Option> options_of(const Sight& sight) const {
    std::vector<Option> options;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      for (const Purchase purchase : {Purchase::on_demand, Purchase::spot}) {
        const Holding what{static_cast<int>(i), purchase};
        const WholeRun& run = run_of(what);
        if (!std::isfinite(run.usd) || !is_usable(problem_, sight, launch(what.zone, purchase))) continue;
        options.push_back(option_of(sight, what, run.queue_s, run.queue_sure_s));
      }
    }
    return options;
  }

  std::optional<Option> held_of(const Sight& sight) const {
    if (!sight.held) return std::nullopt;
    return option_of(sight, *sight.held, sight.queued->rest_s, sight.queued->rest_sure_s);
  }

  bool is_in_time(const Option& option) const { return option.sure_end_s <= left_s_; }

  // In time first; of those that are not, the one that is sure to end first.
  bool is_better(const Option& a, const Option& b) const {
    if (is_in_time(a) != is_in_time(b)) return is_in_time(a);
    if (!is_in_time(a) && a.sure_end_s != b.sure_end_s) return a.sure_end_s < b.sure_end_s;
    if (a.worth != b.worth) return a.worth < b.worth;
    return a.sure_end_s < b.sure_end_s;
  }

  bool leaves(const Option& held, const Option& best, const std::vector<Option>& options) const {
    if (!is_in_time(held)) {
      // Rescue can wait while it would still come in time.
      const double later_s = left_s_ - ticks_to_leave * problem_.tick_s;
      const bool can_wait = std::ranges::any_of(options, [&](const Option& option) {
        return option.sure_end_s <= later_s && option.what != held.what;
      });
      if (!can_wait) return is_in_time(best) || best.sure_end_s < held.sure_end_s;
    }
    return best.worth < held.worth - gain_to_leave * std::fabs(held.worth) &&
           (is_in_time(best) || !is_in_time(held));
  }

  Answer take(const Option* option, const Option* held = nullptr) {
    if (option == nullptr) {
      why_ = "everything that fits was refused a moment ago";
      return hold();
    }
    char text[256];
    if (held != nullptr && problem_.waiting_usd_per_h > 0) {
      std::snprintf(
          text, sizeof text,
          "to wait %.2f h more in the queue costs more than renting: %.2f USD to the end instead of "
          "%.2f, and %.2f h sooner at %.2f USD an hour",
          held->queue_s / 3600, option->usd, held->usd, (held->end_s - option->end_s) / 3600,
          problem_.waiting_usd_per_h);
    } else if (held != nullptr) {
      std::snprintf(text, sizeof text, "the queue, %.2f h more of it, is not sure to keep the deadline",
                    held->queue_s / 3600);
    } else if (option->queue_s > 0) {
      std::snprintf(text, sizeof text, "worth a wait of %.2f h: %.2f USD expected to the end",
                    option->queue_s / 3600, option->usd);
    } else {
      std::snprintf(text, sizeof text, "the best to be had: %.2f USD expected to the end, in %.2f h",
                    option->usd, option->end_s / 3600);
    }
    why_ = text;
    return launch(option->what.zone, option->what.purchase);
  }

  const Problem& problem_;
  const std::vector<WholeRuns> runs_;
  const double deadline_s_;
  double left_s_ = 0;
  std::string why_;
};

}  // namespace

std::unique_ptr<Player> burst_player(const Problem& problem, std::vector<WholeRuns> runs, double deadline_s) {
  return std::make_unique<BurstPlayer>(problem, std::move(runs), deadline_s);
}

}  // namespace tradewind::policy
