#include "edge/drivers/lending/lending_watch.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/io/files.h"
#include "edge/io/system_clock.h"

namespace tradewind::lending {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The local time of the programs that run these tests.
class Zone {
 public:
  explicit Zone(const char* name) {
    const char* before = std::getenv("TZ");
    if (before != nullptr) before_ = before;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

 private:
  std::optional<std::string> before_;
};
// Central Europe, as POSIX writes it: no file of the machine is needed.
constexpr const char* central_europe = "CET-1CEST,M3.5.0,M10.5.0/3";

Rules nights() {
  Rules rules;
  rules.hours = {parse_window("22:00-07:00").value()};
  return rules;
}

Time utc(const char* text) {
  return parse_utc(text).value();
}

TEST(Lending, FollowsTheLocalClockAlsoWhenItIsSet) {
  const Zone zone(central_europe);
  const State summer = judge(nights(), std::nullopt, std::nullopt, utc("2026-07-20T20:00:00Z"));
  EXPECT_TRUE(summer.open);
  EXPECT_EQ(summer.until, utc("2026-07-21T05:00:00Z"));
  const State winter = judge(nights(), std::nullopt, std::nullopt, utc("2026-12-01T20:00:00Z"));
  EXPECT_FALSE(winter.open);
  EXPECT_EQ(winter.until, utc("2026-12-01T21:00:00Z"));
  EXPECT_EQ(winter.why, "it is outside its hours (22:00-07:00)");
  // The night in which clocks go back has an hour more.
  const State longer = judge(nights(), std::nullopt, std::nullopt, utc("2026-10-24T20:00:00Z"));
  EXPECT_EQ(longer.until, utc("2026-10-25T06:00:00Z"));
  const State shorter = judge(nights(), std::nullopt, std::nullopt, utc("2026-03-28T21:00:00Z"));
  EXPECT_EQ(shorter.until, utc("2026-03-29T05:00:00Z"));
}

TEST(Lending, OpensWhenTheLastOfAllReasonsIsOver) {
  const Zone zone("UTC0");
  const Time now = utc("2026-07-20T21:50:00Z");
  const Presence there{now - minutes(1), "input on pts/3"};
  const State both = judge(nights(), std::nullopt, there, now);
  EXPECT_FALSE(both.open);
  EXPECT_EQ(both.until, now + minutes(14)) << "he is there longer than the hours are shut";
  const State paused = judge(nights(), Pause{now + hours(2)}, there, now);
  EXPECT_EQ(paused.until, now + hours(2));
  EXPECT_EQ(paused.why, "its owner has paused it until 23:50");
  EXPECT_FALSE(judge(nights(), Pause{}, there, now).until.has_value());
  const Time night = utc("2026-07-20T23:00:00Z");
  EXPECT_FALSE(judge(nights(), std::nullopt, Presence{night, "input on pts/3"}, night).open);
  EXPECT_TRUE(judge(nights(), std::nullopt, Presence{night - minutes(16), "input on pts/3"}, night).open);
  Rules shared = nights();
  shared.yields_when_active = false;
  EXPECT_TRUE(judge(shared, std::nullopt, Presence{night, "input on pts/3"}, night).open);
}

class Machine {
 public:
  Machine() {
    EXPECT_TRUE(io::make_folders(dir_.path() / "dev" / "pts").ok());
    places_ = places_in(dir_.path() / "config");
    places_.devices = dir_.path() / "dev";
    places_.asks_logind = false;
    EXPECT_TRUE(io::make_folders(dir_.path() / "config").ok());
  }
  void rules(const std::string& yaml) { ASSERT_TRUE(io::write_file_atomic(places_.rules, yaml).ok()); }
  void input(const std::string& terminal, Time when) {
    const std::filesystem::path file = places_.devices / terminal;
    std::ofstream(file) << "";
    const timespec times[2] = {{std::chrono::floor<seconds>(when).time_since_epoch().count(), 0},
                               {0, UTIME_OMIT}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  const Places& places() const { return places_; }
  LendingWatch watch() const { return {places_, {}}; }

 private:
  io::TempDir dir_ = io::TempDir::make("tw-lending-").value();
  Places places_;
};

TEST(LendingWatch, SeesInputOnTerminals) {
  Machine machine;
  const Time now = io::SystemClock().now();
  machine.rules("away_after: 10m\n");
  LendingWatch watch = machine.watch();
  machine.input("pts/ptmx", now);
  machine.input("tty0", now);
  machine.input("ttyS0", now);
  machine.input("null", now);
  machine.input("pts/1", now - minutes(11));
  EXPECT_TRUE(watch.look(now).open);
  machine.input("pts/2", now - minutes(9));
  const State there = watch.look(now);
  EXPECT_FALSE(there.open);
  EXPECT_EQ(there.why, "its owner is there (input on pts/2)");
  EXPECT_GT(there.until.value(), now + seconds(50));
  machine.input("tty2", now);
  EXPECT_EQ(watch.look(now).why, "its owner is there (input on tty2)");
  machine.rules("when_active: share\n");
  EXPECT_TRUE(watch.look(now).open) << "changed rules count at once";
}

TEST(LendingWatch, RealTerminalsAreLookedAtWithoutFault) {
  PresenceWatch watch("/dev", true, {{"PATH", "/usr/bin:/bin"}});
  static_cast<void>(watch.look(io::SystemClock().now(), hours(24)));
}

TEST(LendingWatch, AMachineWithoutRulesIsLikeAnyOther) {
  Machine machine;
  const Time now = io::SystemClock().now();
  machine.input("pts/2", now);
  LendingWatch watch = machine.watch();
  EXPECT_FALSE(watch.look(now).ruled);
  EXPECT_TRUE(watch.look(now).open);
  ASSERT_TRUE(write_pause(machine.places(), Pause{now + hours(1), false, seconds(7)}).ok());
  const State paused = watch.look(now);
  EXPECT_TRUE(paused.ruled);
  EXPECT_FALSE(paused.open);
  EXPECT_EQ(paused.rules.yield, seconds(7));
  EXPECT_EQ(state_from_json(to_json(paused), "state")->until, paused.until);
  EXPECT_TRUE(watch.look(now + hours(1)).open) << "its time is over";
  ASSERT_TRUE(end_pause(machine.places()).ok());
  EXPECT_FALSE(watch.look(now).ruled);
  ASSERT_TRUE(write_pause(machine.places(), Pause{std::nullopt, true}).ok());
  EXPECT_EQ(watch.look(now).why, "its owner has taken it out of the pool");
}

TEST(LendingWatch, RulesThatCannotBeReadCloseTheMachineUnlessOthersHeldBefore) {
  Machine machine;
  const Time now = io::SystemClock().now();
  machine.rules("gpus: many\n");
  LendingWatch watch = machine.watch();
  const State closed = watch.look(now);
  EXPECT_FALSE(closed.open);
  EXPECT_NE(closed.why.find("node.yaml:1:7"), std::string::npos) << closed.why;
  machine.rules("gpus: 1\n");
  EXPECT_TRUE(watch.look(now).open);
  machine.rules("gpus: [\n");
  const State kept = watch.look(now);
  EXPECT_TRUE(kept.open);
  EXPECT_EQ(kept.rules.gpus, 1);
  EXPECT_FALSE(kept.problem.empty());
  machine.rules("gpus: 1\n");
  std::ofstream(machine.places().rules.parent_path() / "node.pause") << "{";
  EXPECT_FALSE(watch.look(now).open) << "somebody wanted to pause it";
}

TEST(DesktopSessions, AreReadFromWhatLogindSays) {
  const std::string text =
      "Name=ana\nType=wayland\nState=active\nLockedHint=no\nIdleHint=no\nIdleSinceHint=0\n\n"
      "Name=bob\nType=tty\nState=active\nIdleHint=no\n\n"
      "Name=eve\nType=x11\nState=active\nIdleHint=yes\nIdleSinceHint=1784500000000000\n";
  const std::vector<DesktopSession> sessions = parse_sessions(text);
  ASSERT_EQ(sessions.size(), 3U);
  const Time now{seconds(1784500600)};
  EXPECT_EQ(latest_of(sessions, now)->where, "the desktop of ana");
  EXPECT_EQ(latest_of(sessions, now)->last_input, now);
  EXPECT_FALSE(latest_of({sessions[1]}, now).has_value()) << "terminals are looked at themselves";
  EXPECT_EQ(latest_of({sessions[2]}, now)->last_input, now - minutes(10));
  DesktopSession locked = sessions[0];
  locked.locked = true;
  DesktopSession behind = sessions[0];
  behind.active = false;
  EXPECT_FALSE(latest_of({locked, behind}, now).has_value());
  EXPECT_TRUE(parse_sessions("").empty());
  EXPECT_TRUE(parse_sessions("\n\nno session\n").empty());
}

}  // namespace
}  // namespace tradewind::lending
