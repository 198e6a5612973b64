// Whether a machine is open to jobs now, by its owner's rules, his pause and his presence.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "edge/drivers/lending/lending_rules.h"
#include "edge/drivers/lending/presence.h"

namespace tradewind::lending {

// What is looked at.
struct Places {
  std::filesystem::path rules;             // node.yaml; the pause lies beside it, as node.pause
  std::filesystem::path devices = "/dev";  // where terminals are
  bool asks_logind = true;
  bool operator==(const Places&) const = default;
};
json::value to_json(const Places& places);
Result<Places> places_from_json(const json::value& value, const std::string& path);
Places places_in(const std::filesystem::path& config_folder);

// The owner wants the machine for himself.
struct Pause {
  std::optional<Time> until = std::nullopt;   // nothing: until he says otherwise
  bool left = false;                          // he has taken it out of the pool
  Duration yield = std::chrono::seconds(30);  // of the rules as they were
  bool operator==(const Pause&) const = default;
};
Status write_pause(const Places& places, const Pause& pause);
Status end_pause(const Places& places);
// Nothing: there is none, or its time is over. corrupt.
Result<std::optional<Pause>> read_pause(const Places& places, Time now);

struct State {
  bool ruled = false;  // there are rules, or a pause: else it is a machine like any other
  bool open = true;
  std::string why;                           // "it is outside its hours (22:00-07:00)"
  std::optional<Time> until = std::nullopt;  // open: when it closes; else when it opens, at the earliest
  Rules rules;
  std::string problem;  // why the rules are not those of the file, which is wrong
};
json::value to_json(const State& state);
Result<State> state_from_json(const json::value& value, const std::string& path);

// "07:00", or with its day where that is another: "sat 22:00". Local time.
std::string local_text(Time time, Time now);
// The second of the local week at `time`, from Monday 00:00, and the time so many seconds of the local clock
// later: two seconds that are not the same where clocks are changed.
int week_second(Time time);
Time later_by_clock(Time time, int seconds);

// All that is known, judged. Values alone, but for the local clock. `presence`: the newest input.
State judge(const Rules& rules, const std::optional<Pause>& pause, const std::optional<Presence>& presence,
            Time now);

class LendingWatch {
 public:
  LendingWatch(Places places, std::map<std::string, std::string> environment);
  // Reads the files anew. A file of rules that is wrong leaves those that held before; where none did, the
  // machine is closed.
  State look(Time now);

 private:
  Places places_;
  PresenceWatch presence_;
  std::optional<Rules> last_;
};

}  // namespace tradewind::lending
