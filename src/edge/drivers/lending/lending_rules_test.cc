#include "edge/drivers/lending/lending_rules.h"

#include <gtest/gtest.h>

namespace tradewind::lending {
namespace {

Rules with_hours(const std::vector<std::string>& texts) {
  Rules rules;
  for (const std::string& text : texts) {
    const Result<Window> window = parse_window(text);
    EXPECT_TRUE(window.ok()) << text;
    if (window.ok()) rules.hours.push_back(*window);
  }
  return rules;
}

constexpr int monday = 0, tuesday = 1, friday = 4, saturday = 5, sunday = 6;
constexpr int at(int day, int hour, int minute = 0, int second = 0) {
  return ((day * 24 + hour) * 60 + minute) * 60 + second;
}

std::vector<std::string> errors_of(const std::string& yaml) {
  std::vector<std::string> found;
  for (const task::TaskError& error : parse_rules(yaml).errors) {
    found.push_back(std::to_string(error.line) + ":" + std::to_string(error.column) + " " + error.message);
  }
  return found;
}

TEST(LendingHours, GoOnOverMidnight) {
  const Rules nights = with_hours({"22:00-07:00"});
  EXPECT_TRUE(is_open_at(nights, at(tuesday, 22)));
  EXPECT_TRUE(is_open_at(nights, at(tuesday, 6, 59, 59)));
  EXPECT_FALSE(is_open_at(nights, at(tuesday, 7)));
  EXPECT_FALSE(is_open_at(nights, at(tuesday, 21, 59, 59)));
  EXPECT_EQ(seconds_to_change(nights, at(tuesday, 23)), 8 * 3600);
  EXPECT_EQ(seconds_to_change(nights, at(tuesday, 7)), 15 * 3600);
}

TEST(LendingHours, GoOnFromTheEndOfTheWeekToItsBeginning) {
  const Rules nights = with_hours({"sun 22:00-07:00"});
  EXPECT_TRUE(is_open_at(nights, at(sunday, 23)));
  EXPECT_TRUE(is_open_at(nights, at(monday, 6)));
  EXPECT_FALSE(is_open_at(nights, at(monday, 7)));
  EXPECT_FALSE(is_open_at(nights, at(saturday, 23)));
  EXPECT_EQ(seconds_to_change(nights, at(sunday, 23)), 8 * 3600);
  EXPECT_EQ(seconds_to_change(nights, at(monday, 7)), week_seconds - 9 * 3600);
  const Rules long_weekend = with_hours({"fri-mon"});
  EXPECT_TRUE(is_open_at(long_weekend, at(monday, 23, 59)));
  EXPECT_FALSE(is_open_at(long_weekend, at(tuesday, 0)));
  EXPECT_EQ(seconds_to_change(long_weekend, at(sunday, 0)), 2 * 24 * 3600);
}

TEST(LendingHours, OfDaysBeginOnThoseDays) {
  const Rules rules = with_hours({"mon-fri 19:00-08:00"});
  EXPECT_TRUE(is_open_at(rules, at(saturday, 7))) << "Friday's night";
  EXPECT_FALSE(is_open_at(rules, at(saturday, 20)));
  EXPECT_FALSE(is_open_at(rules, at(monday, 7))) << "no Sunday's night";
  EXPECT_TRUE(is_open_at(rules, at(friday, 19)));
}

TEST(LendingHours, ThatTouchAreOne) {
  const Rules rules = with_hours({"mon-fri 19:00-24:00", "00:00-08:00", "sat-sun"});
  EXPECT_EQ(seconds_to_change(rules, at(friday, 20)), 4 * 3600 + 2 * 24 * 3600 + 8 * 3600);
  EXPECT_FALSE(seconds_to_change(with_hours({"mon-sun"}), at(friday, 20)).has_value());
  EXPECT_FALSE(seconds_to_change(Rules(), at(friday, 20)).has_value());
  EXPECT_TRUE(is_open_at(Rules(), at(friday, 20)));
}

TEST(LendingHours, AreReadBackAsTheyWereWritten) {
  for (const char* text : {"22:00-07:00", "sat-sun", "mon-fri 19:00-08:00", "fri-mon", "wed", "mon-sun",
                           "wed 00:00-12:30", "18:00-24:00"}) {
    const Result<Window> window = parse_window(text);
    ASSERT_TRUE(window.ok()) << text;
    EXPECT_EQ(to_text(*window), text);
  }
  EXPECT_EQ(to_text(parse_window(" Sat-SUN  9:00-17:00 ").value()), "sat-sun 09:00-17:00");
}

TEST(LendingHours, ThatMeanNothingAreRefused) {
  for (const char* text :
       {"", "22-07", "22:00", "22:00-22:00", "24:00-07:00", "25:00-07:00", "22:60-07:00", "sat-", "-sat",
        "sonntag", "sat sun", "22:00-07:00 sat", "1:2-3:4", "22:00-07:00-08:00"}) {
    EXPECT_FALSE(parse_window(text).ok()) << text;
  }
}

TEST(LendingRules, AreReadAndWritten) {
  const RulesOutcome outcome = parse_rules(R"(
hours: [22:00-07:00, sat-sun]
gpus: 2
cores: 8
memory_gib: 31.5
yield: 90s
when_active: share
away_after: 5m
control: ana@control
name: desk
)");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message;
  EXPECT_EQ(hours_text(outcome.rules), "22:00-07:00, sat-sun");
  EXPECT_EQ(limits_text(outcome.rules), "at most 2 GPUs, 8 cores, 31.5 GiB");
  EXPECT_EQ(outcome.rules.yield, std::chrono::seconds(90));
  EXPECT_FALSE(outcome.rules.yields_when_active);
  const RulesOutcome again = parse_rules(to_yaml(outcome.rules));
  ASSERT_TRUE(again.errors.empty()) << again.errors[0].message;
  EXPECT_EQ(again.rules, outcome.rules);
  Rules carried = outcome.rules;
  carried.control.clear();
  carried.name.clear();
  EXPECT_EQ(rules_from_json(to_json(carried), "rules").value(), carried);
  EXPECT_EQ(parse_rules("").rules, Rules()) << "all may be left out";
  EXPECT_TRUE(parse_rules("").errors.empty());
  EXPECT_EQ(parse_rules("hours: sat-sun").rules.hours.size(), 1U);
}

TEST(LendingRules, SayWhereTheyAreWrong) {
  EXPECT_EQ(errors_of("gpus: 2\nhours:\n  - 22:00-07:00\n  - nights\n"),
            (std::vector<std::string>{"4:5 node.yaml.hours[1]: 'nights' is no time of the week"}));
  EXPECT_EQ(errors_of("hours: []").size(), 1U);
  EXPECT_TRUE(errors_of("yeild: 30s").at(0).starts_with("1:1 node.yaml has no field"));
  for (const char* line : {"gpus: -1", "cores: 0", "memory_gib: 0", "yield: 0", "yield: 25h",
                           "when_active: run", "away_after: soon", "- a", "name: Desk"}) {
    EXPECT_EQ(errors_of(line).size(), 1U) << line;
  }
}

}  // namespace
}  // namespace tradewind::lending
