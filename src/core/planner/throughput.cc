#include "core/planner/throughput.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "core/model/enum_text.h"

namespace tradewind::planner {
namespace {

constexpr std::array<std::string_view, 7> source_names = {
    "own_progress", "earlier_run", "stated_rate", "stated_duration", "scaled", "published", "unknown"};
constexpr std::array<double, 7> source_cv = {0.03, 0.05, 0.10, 0.15, 0, 0.40, 0};
constexpr double other_count_cv = 0.10;
constexpr double other_accelerator_cv = 0.25;

bool is_same_accelerator(const SpeedQuestion& question, const KnownRate& rate) {
  if (question.model != rate.model) return false;
  if (rate.memory_gib <= 0 || question.memory_gib <= 0) return true;
  return std::fabs(rate.memory_gib - question.memory_gib) <= 0.1 * rate.memory_gib;
}

double ratio_of_published(const SpeedQuestion& question, const KnownRate& rate) {
  if (question.facts == nullptr) return 0;
  const catalog::AcceleratorFacts* known = catalog::facts_of({rate.model, rate.count, rate.memory_gib}, "");
  if (known == nullptr || catalog::training_tflops(*known) <= 0) return 0;
  return catalog::training_tflops(*question.facts) / catalog::training_tflops(*known);
}

Throughput from(const KnownRate& rate, double ratio, double extra_cv, RateSource source) {
  const double own_cv = source_cv[static_cast<std::size_t>(rate.source)];
  return {rate.units_per_s * ratio, source, std::hypot(own_cv, extra_cv), rate, ratio};
}

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", value);
  return buffer;
}

std::string machine_of(const KnownRate& rate) {
  std::string text = rate.model == "cpu" ? "a CPU" : number(rate.count) + " x " + rate.model;
  if (rate.nodes > 1) text = std::to_string(rate.nodes) + " nodes of " + text;
  return text;
}

std::string describe_base(const KnownRate& rate) {
  switch (rate.source) {
    case RateSource::own_progress:
      return "measured in this job on " + machine_of(rate);
    case RateSource::earlier_run:
      return "measured in an earlier run on " + machine_of(rate);
    case RateSource::stated_rate:
      return "your work.rate_per_s for " + rate.model;
    default:
      return "your duration, taken for " + machine_of(rate);
  }
}

}  // namespace

std::string_view to_text(RateSource source) {
  return enum_name(source_names, source);
}

double scaling(double count, double known_count, int nodes, int known_nodes) {
  double factor = 1;
  if (count != known_count && count > 0 && known_count > 0) factor *= std::pow(count / known_count, 0.95);
  if (nodes != known_nodes && nodes > 0 && known_nodes > 0) {
    factor *= std::pow(static_cast<double>(nodes) / known_nodes, 0.90);
  }
  return factor;
}

double flop_per_unit(std::string_view unit) {
  const std::string name = lower(unit);
  constexpr std::array<std::string_view, 7> names = {"flop",  "gflop", "tflop", "pflop",
                                                     "eflop", "zflop", "flops"};
  constexpr std::array<double, 7> values = {1, 1e9, 1e12, 1e15, 1e18, 1e21, 1};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return values[i];
  }
  return 0;
}

Throughput estimate_throughput(const SpeedQuestion& question, std::span<const KnownRate> rates,
                               double flop_per_unit) {
  const KnownRate* same = nullptr;
  const KnownRate* other = nullptr;
  for (const KnownRate& rate : rates) {
    if (rate.units_per_s <= 0) continue;
    const KnownRate*& best = is_same_accelerator(question, rate) ? same : other;
    if (&best == &other && ratio_of_published(question, rate) <= 0) continue;
    if (best == nullptr || rate.source < best->source) best = &rate;
  }
  if (same != nullptr) {
    const double factor = scaling(question.count, same->count, question.nodes, same->nodes);
    return from(*same, factor, factor == 1 ? 0 : other_count_cv, same->source);
  }
  if (other != nullptr) {
    const double factor = scaling(question.count, other->count, question.nodes, other->nodes);
    return from(*other, factor * ratio_of_published(question, *other), other_accelerator_cv,
                RateSource::scaled);
  }
  if (flop_per_unit > 0 && question.facts != nullptr && catalog::training_tflops(*question.facts) > 0) {
    const double flops = catalog::training_tflops(*question.facts) * 1e12 * usual_utilisation *
                         scaling(question.count, 1, question.nodes, 1);
    return {flops / flop_per_unit, RateSource::published,
            source_cv[static_cast<std::size_t>(RateSource::published)]};
  }
  return {};
}

std::string describe(const Throughput& throughput) {
  if (throughput.source == RateSource::unknown) return "unknown";
  if (throughput.source == RateSource::published) {
    return "the accelerator's published rate at " + number(100 * usual_utilisation) + " % utilisation";
  }
  std::string text = describe_base(throughput.base);
  if (throughput.source == RateSource::scaled) {
    text += ", times " + number(throughput.ratio) + " by published rates";
  } else if (throughput.ratio != 1) {
    text += ", times " + number(throughput.ratio) + " for another number of accelerators";
  }
  return text;
}

}  // namespace tradewind::planner
