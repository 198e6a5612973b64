#include "app/agent/progress_line.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "core/model/json.h"

namespace tradewind::agent {
namespace {

constexpr double step_max = 1e15;  // beyond it a double no longer counts single steps

Error unreadable(std::string problem) {
  return {Code::invalid_argument, "a progress line " + std::move(problem),
          "write one JSON object per line, such as {\"step\": 12, \"total\": 500}"};
}

// Where a bare NaN or Infinity (with its sign) begins at `at`: its length, otherwise 0.
std::size_t non_finite_word(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 4> words = {"NaN", "-NaN", "Infinity", "-Infinity"};
  for (const std::string_view word : words) {
    if (text.substr(at, word.size()) == word) return word.size();
  }
  return 0;
}

// Replaces NaN and Infinity outside of strings by null.
std::string without_non_finite(std::string_view text) {
  std::string plain;
  plain.reserve(text.size() + 8);
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (!in_string) {
      if (const std::size_t length = non_finite_word(text, at); length > 0) {
        plain += "null";
        at += length - 1;
        continue;
      }
    }
    plain += letter;
    if (in_string && letter == '\\' && at + 1 < text.size()) plain += text[++at];
    if (letter == '"') in_string = !in_string;
  }
  return plain;
}

std::optional<double> finite_number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->to_number<double>();
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

std::optional<double> usable_step(const json::object& object, std::string_view key) {
  const std::optional<double> step = finite_number(object, key);
  return step && *step >= 0 && *step <= step_max ? step : std::nullopt;
}

std::map<std::string, double> read_metrics(const json::object& object) {
  std::map<std::string, double> metrics;
  const json::value* value = object.if_contains("metrics");
  if (value == nullptr || !value->is_object()) return metrics;
  for (const auto& member : value->get_object()) {
    if (metrics.size() >= metrics_max) break;
    if (member.key().size() > metric_name_bytes_max) continue;
    const std::optional<double> number = finite_number(value->get_object(), member.key());
    if (number) metrics[member.key()] = *number;
  }
  return metrics;
}

}  // namespace

Result<ProgressLine> parse_progress_line(std::string_view line) {
  if (line.size() > progress_line_bytes_max) {
    return unreadable("is longer than " + format_bytes(progress_line_bytes_max));
  }
  Result<json::value> document = parse_json(line, progress_line_bytes_max);
  if (!document.ok()) document = parse_json(without_non_finite(line), 2 * progress_line_bytes_max);
  if (!document.ok() || !document->is_object()) return unreadable("is no JSON object");
  const json::object& object = document->get_object();
  const std::optional<double> step = usable_step(object, "step");
  if (const json::value* checkpoint = object.if_contains("checkpoint")) {
    if (!checkpoint->is_string() || checkpoint->get_string() != "saved") {
      return unreadable("has a \"checkpoint\" that is not \"saved\"");
    }
    return ProgressLine(SavedLine{step});
  }
  if (!step) return unreadable("has no \"step\" that is a number from 0 to 1e15");
  return ProgressLine(StepLine{*step, usable_step(object, "total").value_or(0), read_metrics(object)});
}

std::string stamp_progress_line(const ProgressLine& line, Time at) {
  json::object object{{"at", format_utc(at)}};
  if (const auto* saved = std::get_if<SavedLine>(&line)) {
    object["checkpoint"] = "saved";
    if (saved->step) object["step"] = *saved->step;
    return to_text(json::value(object));
  }
  const auto& step = std::get<StepLine>(line);
  object["step"] = step.step;
  if (step.total > 0) object["total"] = step.total;
  if (!step.metrics.empty()) object["metrics"] = to_json(step.metrics);
  return to_text(json::value(object));
}

}  // namespace tradewind::agent
