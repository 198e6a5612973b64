// Instances on a machine that its owner lends by rules of his own: on real processes, and nobody but the
// machine of each instance looks at the rules.
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/drivers/local/lent_instances.h"
#include "edge/drivers/local/testing/harness.h"

namespace tradewind::local {
namespace {

using lending::Pause;
using lending::Rules;
using provider::Launched;
using std::chrono::minutes;
using std::chrono::seconds;

// Saves when it is told, and stays.
constexpr const char* saving_agent = R"(
for each; do case "$each" in --notice=*) notice=${each#--notice=} ;; esac; done
touch "$1/up"
while ! test -e "$notice"; do sleep 0.1; done
cp "$notice" "$1/saved"
exec sleep 600
)";

class LentMachine : public testing::Test {
 protected:
  explicit LentMachine(Zone zone = plain_zone("desk")) : harness_({std::move(zone)}, saving_agent) {
    places_ = lending::places_in(harness_.root() / "config");
    places_.devices = harness_.root() / "dev";
    places_.asks_logind = false;
    EXPECT_TRUE(io::make_folders(places_.rules.parent_path()).ok());
    EXPECT_TRUE(io::make_folders(places_.devices / "pts").ok());
    harness_.options.lending = places_;
    provider_ = harness_.open_another();
    Rules rules;
    rules.yield = seconds(2);
    set(rules);
  }
  void set(const Rules& rules) {
    ASSERT_TRUE(io::write_file_atomic(places_.rules, lending::to_yaml(rules)).ok());
  }
  Result<Launched> launch(const std::string& token) {
    return provider_->launch(harness_.request(token, "desk", Purchase::on_demand));
  }
  void start(const std::string& token) {
    const Result<Launched> launched = launch(token);
    ASSERT_TRUE(launched.ok()) << describe(launched.error());
    ASSERT_TRUE(eventually([&] { return io::path_exists(harness_.notes() / "up"); }));
  }
  // It ends as a preemption, after the agent had its time.
  void expect_yields(const std::string& token, const std::string& reason) {
    ASSERT_TRUE(harness_.reaches(token, InstanceState::terminated));
    const Instance ended = harness_.find(token).value();
    EXPECT_TRUE(ended.preempted);
    EXPECT_EQ(ended.reason, "preempted: " + reason);
    const json::value notice = parse_json(io::read_file(harness_.notes() / "saved").value()).value();
    JsonReader reader(notice, "notice");
    EXPECT_EQ(reader.text("reason"), reason);
    EXPECT_GE(ended.terminated_at.value() + Duration(100), reader.time("deadline"));
    EXPECT_TRUE(harness_.processes(token).empty());
  }
  // So many minutes of all days, around now.
  static lending::Window around_now(int before, int after) {
    const int minute = lending::week_second(io::SystemClock().now()) / 60 % 1440;
    return {0x7f, (minute - before + 1440) % 1440, before + after};
  }

  Harness harness_;
  lending::Places places_;
  std::unique_ptr<LocalProvider> provider_;
};

TEST_F(LentMachine, YieldsWithNoticeWhenItsOwnerPausesIt) {
  start("l-1");
  const std::vector<LentInstance> seen = lent_instances(places_.rules);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].launch.token, "l-1");
  EXPECT_TRUE(lent_instances("/elsewhere/node.yaml").empty());
  ASSERT_TRUE(lending::write_pause(places_, Pause{std::nullopt, false, seconds(2)}).ok());
  expect_yields("l-1", "its owner has paused it");
  const Result<Launched> refused = launch("l-2");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity);
  ASSERT_TRUE(lending::end_pause(places_).ok());
  EXPECT_TRUE(launch("l-2").ok());
}

TEST_F(LentMachine, YieldsWhenItsOwnerTouchesATerminal) {
  start("l-1");
  std::ofstream(places_.devices / "pts" / "3") << "";
  expect_yields("l-1", "its owner is there (input on pts/3)");
  EXPECT_NE(launch("l-2").error().message.find("its owner is there"), std::string::npos);
}

TEST_F(LentMachine, RulesThatChangeCountForWhatRuns) {
  start("l-1");
  Rules closed;
  closed.yield = seconds(1);
  closed.hours = {around_now(-600, 700)};
  set(closed);
  expect_yields("l-1", "it is outside its hours (" + lending::hours_text(closed) + ")");
  const Result<Launched> refused = launch("l-2");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity);
  EXPECT_NE(refused.error().message.find(lending::hours_text(closed)), std::string::npos);
  EXPECT_NE(refused.error().hint.find("it opens at "), std::string::npos) << refused.error().hint;
}

TEST_F(LentMachine, TellsTheEndOfItsHoursBeforeItComes) {
  start("l-1");
  Rules ending;
  ending.yield = minutes(10);
  ending.hours = {around_now(60, 5)};
  set(ending);
  ASSERT_TRUE(eventually([&] { return io::path_exists(harness_.notes() / "saved"); }));
  const json::value notice = parse_json(io::read_file(harness_.notes() / "saved").value()).value();
  JsonReader reader(notice, "notice");
  EXPECT_TRUE(reader.text("reason").starts_with("its hours end at ")) << reader.text("reason");
  const Duration left = reader.time("deadline") - io::SystemClock().now();
  EXPECT_GT(left, minutes(2));
  EXPECT_LE(left, minutes(5));
  EXPECT_EQ(harness_.find("l-1")->state, InstanceState::running);
  EXPECT_NE(launch("l-2").error().message.find("its hours end"), std::string::npos) << "too short to begin";
}

TEST_F(LentMachine, WithoutRulesIsLikeAnyOther) {
  ASSERT_TRUE(io::remove_tree(places_.rules).ok());
  start("l-1");
  std::ofstream(places_.devices / "pts" / "3") << "";
  EXPECT_TRUE(launch("l-2").ok());
}

Zone gpu_zone(const std::string& claims = {}) {
  Zone zone = plain_zone("desk");
  zone.cpus = 2;
  zone.memory_gib = 8;
  zone.share = Share{0, 0, 1, 4, claims};
  return zone;
}

class LentGpus : public LentMachine {
 protected:
  LentGpus() : LentMachine(gpu_zone()) {}
};

TEST_F(LentGpus, AreNoMoreThanTheOwnerLends) {
  Rules rules;
  rules.gpus = 2;
  set(rules);
  EXPECT_TRUE(launch("l-1").ok());
  EXPECT_TRUE(launch("l-2").ok());
  EXPECT_EQ(launch("l-3").error().code, Code::insufficient_capacity);
  rules.gpus = 0;
  set(rules);
  EXPECT_NE(launch("l-3").error().message.find("at most 0 GPUs"), std::string::npos);
  rules.gpus = 4;
  rules.memory_gib = 20;
  set(rules);
  EXPECT_NE(launch("l-3").error().message.find("20 GiB"), std::string::npos) << "three times 8 GiB";
  rules.memory_gib = 24;
  set(rules);
  EXPECT_TRUE(launch("l-3").ok());
}

class LentClaims : public LentMachine {
 protected:
  LentClaims() : LentMachine(gpu_zone((folder().path() / "claims").string())) {}
  static const io::TempDir& folder() {
    static const io::TempDir made = io::TempDir::make("tw-claims-").value();
    return made;
  }
};

TEST_F(LentClaims, WhoHoldsMoreThanIsLentFromNowOnLeaves) {
  start("l-1");
  ASSERT_TRUE(harness_.reaches("l-1", InstanceState::running));
  ASSERT_TRUE(launch("l-2").ok());
  ASSERT_TRUE(harness_.reaches("l-2", InstanceState::running));
  Rules rules;
  rules.gpus = 1;
  rules.yield = seconds(1);
  set(rules);
  expect_yields("l-2", "its owner lends at most 1 GPU");
  EXPECT_EQ(harness_.find("l-1")->state, InstanceState::running) << "its GPU is the first";
}

}  // namespace
}  // namespace tradewind::local
