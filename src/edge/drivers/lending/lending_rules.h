// The rules by which the owner of a machine lends it to the pool: node.yaml (docs/suppliers/ssh.md). Values
// alone; lending_watch.h looks at the machine.
//   hours: [22:00-07:00, sat-sun]     # local time of the machine; left out: always
//   gpus: 2                           # at most
//   cores: 8
//   memory_gib: 32
//   yield: 30s                        # the notice that jobs get
//   when_active: yield                # or share: jobs go on while the owner is there
//   away_after: 15m                   # without input for so long he is away
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/model/json.h"
#include "core/task/task_error.h"

namespace tradewind::lending {

// A time that comes again each week.
struct Window {
  unsigned days = 0x7f;    // bit 0: Monday … bit 6: Sunday; the days on which it begins
  int from_minute = 0;     // of that day, 0 to 1439
  int length_minutes = 0;  // 1 to 1440; beyond midnight where the day is over
  bool operator==(const Window&) const = default;
};
// "22:00-07:00", "sat-sun", "mon-fri 19:00-08:00", "fri 18:00-24:00". invalid_argument with what is allowed.
Result<Window> parse_window(std::string_view text);
std::string to_text(const Window& window);  // parse_window() reads it

struct Rules {
  std::vector<Window> hours;  // none: always
  std::optional<int> gpus = std::nullopt;
  std::optional<int> cores = std::nullopt;
  std::optional<double> memory_gib = std::nullopt;
  Duration yield = std::chrono::seconds(30);
  bool yields_when_active = true;
  Duration away_after = std::chrono::minutes(15);
  // Where it was joined, for `tradewind node leave`; empty: nowhere.
  std::string control = {};
  std::string name = {};
  bool operator==(const Rules&) const = default;
};

struct RulesOutcome {
  Rules rules;                          // meaningful when errors is empty
  std::vector<task::TaskError> errors;  // in the order of the file
};
RulesOutcome parse_rules(std::string_view yaml);
// All that is wrong with the file in one error, with its lines. not_found.
Result<Rules> read_rules_file(const std::filesystem::path& file);
std::string to_yaml(const Rules& rules);  // parse_rules() reads it

json::value to_json(const Rules& rules);
Result<Rules> rules_from_json(const json::value& value, const std::string& path);

// "22:00-07:00, sat-sun", or "always".
std::string hours_text(const Rules& rules);
// "at most 2 GPUs, 8 cores, 32 GiB"; "" where nothing is limited.
std::string limits_text(const Rules& rules);

inline constexpr int week_seconds = 7 * 24 * 3600;
// Both: `second` of the local week, counted from Monday 00:00.
// REQUIRES: 0 <= second < week_seconds
bool is_open_at(const Rules& rules, int second);
// How many seconds of the local clock later that changes; nothing: never.
std::optional<int> seconds_to_change(const Rules& rules, int second);

}  // namespace tradewind::lending
