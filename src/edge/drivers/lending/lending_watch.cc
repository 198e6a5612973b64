#include "edge/drivers/lending/lending_watch.h"

#include <algorithm>
#include <ctime>

#include "edge/io/files.h"

namespace tradewind::lending {
namespace {

using std::filesystem::path;

path pause_file(const Places& places) {
  return places.rules.parent_path() / "node.pause";
}

std::tm local_of(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  return local;
}

// One reason for being closed, and when it is over.
struct Closing {
  std::string why;
  std::optional<Time> until;
};

std::vector<Closing> closings(const Rules& rules, const std::optional<Pause>& pause,
                              const std::optional<Presence>& presence, Time now) {
  std::vector<Closing> found;
  if (pause && pause->left) {
    found.push_back({"its owner has taken it out of the pool", std::nullopt});
  } else if (pause) {
    const std::string until = pause->until ? " until " + local_text(*pause->until, now) : "";
    found.push_back({"its owner has paused it" + until, pause->until});
  }
  const int second = week_second(now);
  if (!is_open_at(rules, second)) {
    const std::optional<int> opens = seconds_to_change(rules, second);
    found.push_back({"it is outside its hours (" + hours_text(rules) + ")",
                     opens ? std::optional(later_by_clock(now, *opens)) : std::nullopt});
  }
  if (rules.yields_when_active && presence && now - presence->last_input < rules.away_after) {
    found.push_back(
        {"its owner is there (" + presence->where + ")", presence->last_input + rules.away_after});
  }
  return found;
}

}  // namespace

json::value to_json(const Places& places) {
  return json::object{{"rules", places.rules.string()},
                      {"devices", places.devices.string()},
                      {"asks_logind", places.asks_logind}};
}

Result<Places> places_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  Places places;
  places.rules = reader.text("rules");
  places.devices = reader.text("devices");
  places.asks_logind = reader.boolean("asks_logind");
  TW_RETURN_IF_ERROR(reader.status());
  return places;
}

Places places_in(const path& config_folder) {
  Places places;
  places.rules = config_folder / "node.yaml";
  return places;
}

Status write_pause(const Places& places, const Pause& pause) {
  TW_RETURN_IF_ERROR(io::make_folders(places.rules.parent_path(), 0700));
  json::object object{{"left", pause.left}, {"yield_s", tradewind::to_json(pause.yield)}};
  if (pause.until) object["until"] = tradewind::to_json(*pause.until);
  return io::write_file_atomic(pause_file(places), tradewind::to_text(json::value(object)) + "\n");
}

Status end_pause(const Places& places) {
  return io::remove_tree(pause_file(places));
}

Result<std::optional<Pause>> read_pause(const Places& places, Time now) {
  const path file = pause_file(places);
  if (!io::path_exists(file)) return std::optional<Pause>();
  TW_ASSIGN_OR_RETURN(const std::string text, io::read_file(file, 1 << 16));
  TW_ASSIGN_OR_RETURN(const json::value document, parse_json(text));
  JsonReader reader(document, file.string());
  Pause pause;
  pause.left = reader.boolean("left");
  pause.yield = reader.seconds("yield_s");
  pause.until = reader.optional_time("until");
  TW_RETURN_IF_ERROR(reader.status());
  if (pause.until && *pause.until <= now) return std::optional<Pause>();
  return std::optional(pause);
}

json::value to_json(const State& state) {
  return json::object{{"open", state.open},
                      {"why", state.why},
                      {"until", tradewind::to_json(state.until)},
                      {"rules", to_json(state.rules)},
                      {"problem", state.problem}};
}

Result<State> state_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  State state;
  state.ruled = true;
  state.open = reader.boolean("open");
  state.why = reader.text("why");
  state.until = reader.optional_time("until");
  TW_ASSIGN_OR_RETURN(state.rules, rules_from_json(reader.value("rules"), reader.path_of("rules")));
  state.problem = reader.text("problem");
  TW_RETURN_IF_ERROR(reader.status());
  return state;
}

std::string local_text(Time time, Time now) {
  const std::tm then = local_of(time);
  const std::tm today = local_of(now);
  const bool same = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  char text[32] = {};
  std::strftime(text, sizeof text, same ? "%H:%M" : "%a %H:%M", &then);
  return text;
}

int week_second(Time time) {
  const std::tm local = local_of(time);
  const int day = (local.tm_wday + 6) % 7;
  return ((day * 24 + local.tm_hour) * 60 + local.tm_min) * 60 + std::min(local.tm_sec, 59);
}

Time later_by_clock(Time time, int seconds) {
  std::tm local = local_of(time);
  // By the fields of its own: mktime() takes a second too many for a second that passes.
  const int total = (local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec + seconds;
  constexpr int day_seconds = 24 * 3600;
  local.tm_mday += total / day_seconds;
  local.tm_hour = total % day_seconds / 3600;
  local.tm_min = total % 3600 / 60;
  local.tm_sec = total % 60;
  local.tm_isdst = -1;
  const std::time_t later = ::mktime(&local);
  const Time found{std::chrono::seconds(later)};
  // An hour that comes twice must not lead back.
  return std::max(found, time + std::chrono::seconds(1));
}

State judge(const Rules& rules, const std::optional<Pause>& pause, const std::optional<Presence>& presence,
            Time now) {
  State state;
  state.ruled = true;
  state.rules = rules;
  if (pause) state.rules.yield = pause->yield;
  const std::vector<Closing> closed = closings(rules, pause, presence, now);
  state.open = closed.empty();
  if (state.open) {
    state.why = "its hours: " + hours_text(rules);
    const std::optional<int> closes = seconds_to_change(rules, week_second(now));
    if (closes) state.until = later_by_clock(now, *closes);
    return state;
  }
  state.why = closed.front().why;
  state.until = closed.front().until;
  for (const Closing& each : closed) {
    const bool known = state.until && each.until;
    state.until = known ? std::optional(std::max(*state.until, *each.until)) : std::nullopt;
  }
  return state;
}

LendingWatch::LendingWatch(Places places, std::map<std::string, std::string> environment)
    : places_(std::move(places)), presence_(places_.devices, places_.asks_logind, std::move(environment)) {}

State LendingWatch::look(Time now) {
  const Result<std::optional<Pause>> pause = read_pause(places_, now);
  const Result<Rules> read = read_rules_file(places_.rules);
  std::string problem;
  if (read.ok()) {
    last_ = *read;
  } else if (read.error().code == Code::not_found) {
    last_.reset();
    if (pause.ok() && !*pause) return {};
  } else {
    problem = describe(read.error());
  }
  if (!pause.ok()) problem = describe(pause.error());
  const Rules rules = last_.value_or(Rules());
  std::optional<Presence> presence;
  if (last_ && rules.yields_when_active) presence = presence_.look(now, rules.away_after);
  Rules judged = rules;
  if (!last_) judged.yields_when_active = false;  // a pause alone
  State state = judge(judged, pause.ok() ? *pause : std::optional<Pause>(), presence, now);
  state.problem = problem;
  const bool unknown = !problem.empty() && (!last_ || !pause.ok());
  if (!unknown || !state.open) return state;
  state.open = false;
  state.why = "its owner's rules cannot be read: " + problem;
  state.until.reset();
  return state;
}

}  // namespace tradewind::lending
