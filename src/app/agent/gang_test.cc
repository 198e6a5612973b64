// What agent and ranks tell each other, and what the agent makes of a stage on several nodes.
#include "app/agent/gang.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <thread>

#include "app/agent/stage_process.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr io::ExitStatus in_order{};
constexpr io::ExitStatus code_7{false, 7};
constexpr io::ExitStatus by_kill{true, SIGKILL};

class GangTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(folder_.begin("true").ok()); }
  void note(int rank, const io::ExitStatus& status) { ASSERT_TRUE(folder_.note_end({rank, status}).ok()); }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  // A stage on two nodes, started by a shell script that stands for srun.
  Result<StageProcess> start(const std::string& launcher) {
    EXPECT_TRUE(io::write_file_atomic(path("launcher"), "#!/bin/bash\n" + launcher, {0700, false}).ok());
    StageRequest request;
    request.script = "echo hello";
    request.cwd = dir_.path();
    request.environment = io::current_environment();
    request.launcher = path("launcher");
    request.nodes = 2;
    request.gang_folder = folder_.path();
    return StageProcess::start(request);
  }
  static std::optional<StageEnd> end_of(StageProcess& stage) {
    std::optional<StageEnd> end;
    for (int i = 0; i < 1000 && !end; ++i) {
      end = stage.ended();
      std::this_thread::sleep_for(milliseconds(20));
    }
    return end;
  }

  io::TempDir dir_ = io::TempDir::make("gang-").value();
  GangFolder folder_{dir_.path() / "gang"};
  Gang gang_{folder_, 2};
};

TEST_F(GangTest, TheFirstThatFailsIsRemembered) {
  EXPECT_FALSE(folder_.failure().has_value());
  note(0, in_order);
  EXPECT_FALSE(folder_.failure().has_value());
  note(1, code_7);
  note(2, by_kill);
  EXPECT_EQ(folder_.failure(), (RankEnd{1, code_7}));
  EXPECT_EQ(folder_.ends(3), (std::map<int, io::ExitStatus>{{0, in_order}, {1, code_7}, {2, by_kill}}));
  ASSERT_TRUE(folder_.begin("again").ok());
  EXPECT_FALSE(folder_.failure().has_value());
  EXPECT_TRUE(folder_.ends(3).empty());
}

TEST_F(GangTest, AnOrderThatIsHalfWrittenIsNone) {
  ASSERT_TRUE(folder_.order("save 10").ok());
  EXPECT_TRUE(io::write_file_atomic(folder_.path() / "orders", "save 10\nkil").ok());
  EXPECT_EQ(folder_.orders(), std::vector<std::string>{"save 10"});
  EXPECT_FALSE(folder_.gone());
  EXPECT_TRUE(GangFolder(dir_.path() / "nowhere").orders().empty());
  EXPECT_TRUE(GangFolder(dir_.path() / "nowhere").gone());
}

TEST_F(GangTest, AllInOrderIsAnEndInOrder) {
  note(0, in_order);
  note(1, in_order);
  const std::optional<GangEnd> end = gang_.ended({false, 1}, false, seconds(0));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, in_order) << "of the ranks, whatever their launcher says";
  EXPECT_EQ(end->rank, -1);
  EXPECT_FALSE(end->killed);
  EXPECT_TRUE(folder_.gone()) << "so that nothing of it goes on";
}

TEST_F(GangTest, OneFailureEndsAllUnlessAllAreToldToEnd) {
  gang_.watch(false);
  EXPECT_TRUE(folder_.orders().empty());
  note(1, code_7);
  gang_.watch(true);
  EXPECT_TRUE(folder_.orders().empty()) << "the others are saving";
  gang_.watch(false);
  gang_.watch(false);
  EXPECT_EQ(folder_.orders(), std::vector<std::string>{"kill"});
  note(0, by_kill);
  const std::optional<GangEnd> end = gang_.ended(in_order, false, seconds(0));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, code_7);
  EXPECT_EQ(end->rank, 1);
  EXPECT_TRUE(end->killed);
}

TEST_F(GangTest, RanksThatSaveWhenToldToEndWereNotKilled) {
  note(1, {false, 143});
  note(0, {false, 143});
  const std::optional<GangEnd> end = gang_.ended(in_order, true, seconds(0));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status.code, 143);
  EXPECT_FALSE(end->killed);
}

TEST_F(GangTest, OneThatWasKilledWhileTheOthersSavedLeavesNoWholeState) {
  note(1, {false, 143});
  note(0, by_kill);
  EXPECT_TRUE(gang_.ended(in_order, true, seconds(0))->killed);
}

TEST_F(GangTest, AnEndWithoutAWordIsWaitedForAndThenALoss) {
  note(0, {false, 1});  // the other was gone
  EXPECT_FALSE(gang_.ended(by_kill, false, seconds(100)).has_value());
  EXPECT_EQ(folder_.orders(), std::vector<std::string>{"kill"}) << "its launcher no longer holds it";
  EXPECT_FALSE(gang_.ended(by_kill, false, seconds(104)).has_value());
  const std::optional<GangEnd> end = gang_.ended(by_kill, false, seconds(105));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->lost, "rank 1 of 2 ended without a word (its launcher: killed by SIGKILL)");
  EXPECT_EQ(end->rank, -1) << "one that failed after it is not to blame";
  EXPECT_TRUE(end->killed);
  EXPECT_FALSE(end->status.success());
}

TEST_F(GangTest, TheLaunchersStageIsToldToSaveAndToEnd) {
  Result<StageProcess> stage = start(
      "[ \"$2\" = rank ] || exit 50\ndir=${3#--dir=}\nbash \"$dir/script\"\n"
      "until grep -q 'save 10' \"$dir/orders\"; do sleep 0.05; done\n"
      "until grep -q terminate \"$dir/orders\"; do sleep 0.05; done\n"
      "echo '143 0' >\"$dir/ended.0\"\necho '1 143 0' >\"$dir/failed\"\necho '143 0' >\"$dir/ended.1\"\n");
  ASSERT_TRUE(stage.ok()) << describe(stage.error());
  EXPECT_EQ(stage->send_save(10), 1);
  EXPECT_FALSE(stage->ended().has_value());
  stage->terminate();
  const std::optional<StageEnd> end = end_of(*stage);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status.shell_code(), 143);
  EXPECT_FALSE(end->killed);
  std::string out;
  stage->read_output(1000, [&out](std::string_view bytes) { out += bytes; });
  EXPECT_EQ(out, "hello\n");
}

TEST_F(GangTest, WhenOneRankHasFailedTheLauncherIsNotWaitedForInVain) {
  Result<StageProcess> stage = start(
      "dir=${3#--dir=}\necho '1 7 0' >\"$dir/failed\"\necho '7 0' >\"$dir/ended.1\"\n"
      "until grep -q kill \"$dir/orders\"; do sleep 0.05; done\necho '9 1' >\"$dir/ended.0\"\n");
  ASSERT_TRUE(stage.ok()) << describe(stage.error());
  const std::optional<StageEnd> end = end_of(*stage);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, code_7);
  EXPECT_EQ(end->rank, 1);
  EXPECT_TRUE(end->lost.empty());
}

TEST(MeetingPort, IsFreeAndFollowsFromItsSeed) {
  const int port = meeting_port("l-1");
  EXPECT_GE(port, 20'000);
  EXPECT_LT(port, 32'000);
  EXPECT_NE(meeting_port("l-2"), port);
  const io::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  EXPECT_NE(meeting_port("l-1"), port) << "somebody has it";
}

}  // namespace
}  // namespace tradewind::agent
