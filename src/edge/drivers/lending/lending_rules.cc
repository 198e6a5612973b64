#include "edge/drivers/lending/lending_rules.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"

namespace tradewind::lending {
namespace {

using task::Reading;
using task::YamlKind;
using task::YamlNode;
using namespace drivers::fields;

constexpr int day_minutes = 24 * 60;
constexpr int day_count = 7;
constexpr unsigned every_day = 0x7f;
constexpr std::array<std::string_view, day_count> day_names = {"mon", "tue", "wed", "thu",
                                                               "fri", "sat", "sun"};

std::optional<int> day_of(std::string_view text) {
  for (int day = 0; day < day_count; ++day) {
    if (text == day_names[static_cast<std::size_t>(day)]) return day;
  }
  return std::nullopt;
}

// "sat", "mon-fri", "fri-mon": the days of the second go on after Sunday.
std::optional<unsigned> days_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<int> first = day_of(text.substr(0, dash));
  const std::optional<int> last = dash == std::string_view::npos ? first : day_of(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  unsigned days = 0;
  for (int day = *first;; day = (day + 1) % day_count) {
    days |= 1U << day;
    if (day == *last) return days;
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "7:00", "22:30", "24:00": minutes of the day.
std::optional<int> minute_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 1 || colon > 2 || text.size() != colon + 3)
    return std::nullopt;
  int hour = 0;
  for (const char c : text.substr(0, colon)) {
    if (!is_digit(c)) return std::nullopt;
    hour = hour * 10 + (c - '0');
  }
  if (!is_digit(text[colon + 1]) || !is_digit(text[colon + 2])) return std::nullopt;
  const int minute = (text[colon + 1] - '0') * 10 + (text[colon + 2] - '0');
  if (minute > 59 || hour * 60 + minute > day_minutes) return std::nullopt;
  return hour * 60 + minute;
}

Error no_window(std::string_view text, std::string_view why) {
  return {Code::invalid_argument, "'" + std::string(text) + "' " + std::string(why),
          "such as 22:00-07:00, sat-sun, or mon-fri 19:00-08:00"};
}

// Reads the times of "22:00-07:00" into a window of all days.
Result<Window> times_of(std::string_view whole, std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<int> from = minute_of(text.substr(0, dash));
  const std::optional<int> to =
      dash == std::string_view::npos ? std::nullopt : minute_of(text.substr(dash + 1));
  if (!from || !to || *from == day_minutes) return no_window(whole, "is no time of the week");
  if (*from == *to) return no_window(whole, "begins when it ends");
  Window window;
  window.from_minute = *from;
  window.length_minutes = *to > *from ? *to - *from : *to + day_minutes - *from;
  return window;
}

std::string clock_text(int minute) {
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
  return text;
}

// The days as one range, where they are one.
std::string days_text(unsigned days) {
  for (int first = 0; first < day_count; ++first) {
    for (int length = 1; length < day_count; ++length) {
      unsigned range = 0;
      for (int i = 0; i < length; ++i) range |= 1U << ((first + i) % day_count);
      if (range != days) continue;
      const std::string from(day_names[static_cast<std::size_t>(first)]);
      if (length == 1) return from;
      return from + "-" + std::string(day_names[static_cast<std::size_t>((first + length - 1) % day_count)]);
    }
  }
  return "mon-sun";
}

void read_hours(Reading& reading, const YamlNode& node, const std::string& path, Rules& rules) {
  if (node.kind == YamlKind::list && node.items.empty()) {
    reading.error(node, path + " is empty", "leave it out for always; `tradewind node pause` closes it");
    return;
  }
  const auto read_one = [&](const YamlNode& item, const std::string& where) {
    const std::optional<std::string> text = read_text(reading, item, where);
    if (!text) return;
    const Result<Window> window = parse_window(*text);
    if (window.ok()) {
      rules.hours.push_back(*window);
    } else {
      reading.error(item, where + ": " + window.error().message, window.error().hint);
    }
  };
  if (node.kind != YamlKind::list) return read_one(node, path);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    read_one(*node.items[i], path + "[" + std::to_string(i) + "]");
  }
}

// As short as it can be read back: "90s" is 90s, not "1m 30s".
std::string span_text(Duration span) {
  if (span.count() % 60'000 == 0) return std::to_string(span.count() / 60'000) + "m";
  if (span.count() % 1000 == 0) return std::to_string(span.count() / 1000) + "s";
  return std::to_string(span.count()) + "ms";
}

std::string number_text(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", number);
  return text;
}

}  // namespace

Result<Window> parse_window(std::string_view given) {
  std::string lower(trim(given));
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view text = lower;
  const std::size_t blank = text.find(' ');
  const std::optional<unsigned> days = days_of(text.substr(0, blank));
  if (!days) return times_of(given, text);
  if (blank == std::string_view::npos) return Window{*days, 0, day_minutes};
  TW_ASSIGN_OR_RETURN(Window window, times_of(given, trim(text.substr(blank))));
  window.days = *days;
  return window;
}

std::string to_text(const Window& window) {
  const std::string days = window.days == every_day ? "" : days_text(window.days);
  if (window.from_minute == 0 && window.length_minutes == day_minutes) return days.empty() ? "mon-sun" : days;
  const int end = window.from_minute + window.length_minutes;
  const std::string times =
      clock_text(window.from_minute) + "-" + clock_text(end > day_minutes ? end - day_minutes : end);
  return days.empty() ? times : days + " " + times;
}

RulesOutcome parse_rules(std::string_view yaml) {
  RulesOutcome outcome;
  Rules& rules = outcome.rules;
  task::YamlTree tree = task::read_yaml(yaml);
  Reading reading;
  reading.errors = std::move(tree.errors);
  const bool empty = tree.root->kind == YamlKind::null;  // all rules may be left out
  if (tree.complete && !empty && is_map(reading, *tree.root, "node.yaml")) {
    static constexpr std::string_view words[] = {"yield", "share"};
    const auto limit = [](std::optional<int>& target, int least, int most) -> Field {
      return [&target, least, most](Reading& inner, const YamlNode& node, const std::string& path) {
        target = read_integer(inner, node, path, least, most);
      };
    };
    read_members(reading, *tree.root, "node.yaml",
                 {{"hours", [&](Reading& inner, const YamlNode& node,
                                const std::string& path) { read_hours(inner, node, path, rules); }},
                  {"gpus", limit(rules.gpus, 0, 1024)},
                  {"cores", limit(rules.cores, 1, 4096)},
                  {"memory_gib",
                   [&](Reading& inner, const YamlNode& node, const std::string& path) {
                     rules.memory_gib = read_positive(inner, node, path, 1e6);
                   }},
                  {"yield", span(rules.yield, false)},
                  {"when_active",
                   [&](Reading& inner, const YamlNode& node, const std::string& path) {
                     rules.yields_when_active =
                         read_word(inner, node, path, words).value_or("yield") == "yield";
                   }},
                  {"away_after", span(rules.away_after, false)},
                  {"control", text(rules.control)},
                  {"name", name_into(rules.name)}});
    constexpr Duration longest = std::chrono::hours(24);
    if (rules.yield > longest || rules.away_after > longest) {
      reading.error(*tree.root, "node.yaml: yield and away_after are at most 24h");
    }
  }
  std::ranges::stable_sort(reading.errors, {},
                           [](const task::TaskError& error) { return std::pair(error.line, error.column); });
  outcome.errors = std::move(reading.errors);
  return outcome;
}

Result<Rules> read_rules_file(const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  RulesOutcome outcome = parse_rules(yaml);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.rules);
}

std::string to_yaml(const Rules& rules) {
  std::string yaml;
  if (!rules.hours.empty()) {
    std::vector<std::string> texts;
    for (const Window& window : rules.hours) texts.push_back("\"" + to_text(window) + "\"");
    yaml += "hours: [" + join(texts, ", ") + "]\n";
  }
  if (rules.gpus) yaml += "gpus: " + std::to_string(*rules.gpus) + "\n";
  if (rules.cores) yaml += "cores: " + std::to_string(*rules.cores) + "\n";
  if (rules.memory_gib) yaml += "memory_gib: " + number_text(*rules.memory_gib) + "\n";
  yaml += "yield: " + span_text(rules.yield) + "\n";
  yaml += std::string("when_active: ") + (rules.yields_when_active ? "yield" : "share") + "\n";
  yaml += "away_after: " + span_text(rules.away_after) + "\n";
  // JSON's texts are YAML's.
  if (!rules.control.empty()) yaml += "control: " + tradewind::to_text(json::value(rules.control)) + "\n";
  if (!rules.name.empty()) yaml += "name: \"" + rules.name + "\"\n";
  return yaml;
}

json::value to_json(const Rules& rules) {
  json::array hours;
  for (const Window& window : rules.hours) hours.emplace_back(to_text(window));
  json::object object{{"hours", std::move(hours)},
                      {"yield_s", tradewind::to_json(rules.yield)},
                      {"when_active", rules.yields_when_active ? "yield" : "share"},
                      {"away_after_s", tradewind::to_json(rules.away_after)}};
  object["gpus"] = rules.gpus ? json::value(*rules.gpus) : json::value(nullptr);
  object["cores"] = rules.cores ? json::value(*rules.cores) : json::value(nullptr);
  object["memory_gib"] = rules.memory_gib ? json::value(*rules.memory_gib) : json::value(nullptr);
  return object;
}

Result<Rules> rules_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Rules rules;
  for (const std::string& text : reader.texts_or_empty("hours")) {
    TW_ASSIGN_OR_RETURN(rules.hours.emplace_back(), parse_window(text));
  }
  if (reader.optional("gpus") != nullptr) rules.gpus = static_cast<int>(reader.integer("gpus"));
  if (reader.optional("cores") != nullptr) rules.cores = static_cast<int>(reader.integer("cores"));
  if (reader.optional("memory_gib") != nullptr) rules.memory_gib = reader.number("memory_gib");
  rules.yield = reader.seconds("yield_s");
  rules.yields_when_active = reader.text("when_active") != "share";
  rules.away_after = reader.seconds("away_after_s");
  TW_RETURN_IF_ERROR(reader.status());
  return rules;
}

std::string hours_text(const Rules& rules) {
  if (rules.hours.empty()) return "always";
  std::vector<std::string> texts;
  for (const Window& window : rules.hours) texts.push_back(to_text(window));
  return join(texts, ", ");
}

std::string limits_text(const Rules& rules) {
  std::vector<std::string> parts;
  const auto add = [&](std::optional<int> most, const char* one, const char* many) {
    if (most) parts.push_back(std::to_string(*most) + " " + (*most == 1 ? one : many));
  };
  add(rules.gpus, "GPU", "GPUs");
  add(rules.cores, "core", "cores");
  if (rules.memory_gib) parts.push_back(number_text(*rules.memory_gib) + " GiB");
  return parts.empty() ? "" : "at most " + join(parts, ", ");
}

bool is_open_at(const Rules& rules, int second) {
  if (rules.hours.empty()) return true;
  return std::ranges::any_of(rules.hours, [&](const Window& window) {
    for (int day = 0; day < day_count; ++day) {
      if ((window.days >> day & 1U) == 0) continue;
      const int begin = (day * day_minutes + window.from_minute) * 60;
      const int since = (second - begin + week_seconds) % week_seconds;
      if (since < window.length_minutes * 60) return true;
    }
    return false;
  });
}

std::optional<int> seconds_to_change(const Rules& rules, int second) {
  std::vector<int> later;  // how much, of each beginning and end
  for (const Window& window : rules.hours) {
    for (int day = 0; day < day_count; ++day) {
      if ((window.days >> day & 1U) == 0) continue;
      const int begin = (day * day_minutes + window.from_minute) * 60;
      for (const int moment : {begin, begin + window.length_minutes * 60}) {
        later.push_back((moment - second - 1 + 2 * week_seconds) % week_seconds + 1);
      }
    }
  }
  std::ranges::sort(later);
  const bool now = is_open_at(rules, second);
  for (const int each : later) {
    if (is_open_at(rules, (second + each) % week_seconds) != now) return each;
  }
  return std::nullopt;
}

}  // namespace tradewind::lending
