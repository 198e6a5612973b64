#include "edge/io/process_tree.h"

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "edge/io/process.h"
#include "edge/io/process_table.h"

namespace tradewind::io {
namespace {

using std::chrono::seconds;

std::vector<ProcessInfo> marked(const std::string& marker) {
  return find_by_environment(list_processes(), marker);
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// Starts a script whose processes carry a marker of this test, and kills by it whatever is left at the end.
class Tree : public testing::Test {
 protected:
  Tree() : marker_("TW_TEST_TREE=" + std::to_string(::getpid()) + "-" + std::to_string(++count)) {
    EXPECT_TRUE(become_subreaper().ok());
  }
  ~Tree() override {
    EXPECT_TRUE(
        kill_all([&](const auto& table) { return find_by_environment(table, marker_); }, seconds(30)).ok());
    reap_adopted({});
  }
  Child start(const std::string& script) {
    SpawnRequest request;
    request.argv = {"/bin/sh", "-c", script};
    const std::size_t equals = marker_.find('=');
    request.environment = {{"PATH", "/usr/bin:/bin"},
                           {marker_.substr(0, equals), marker_.substr(equals + 1)}};
    Result<Child> child = spawn(request);
    EXPECT_TRUE(child.ok());
    return std::move(child).value();
  }
  static int count;
  std::string marker_;
};
int Tree::count = 0;

TEST(ParseStat, ReadsNamesWithSpacesAndBrackets) {
  const std::string line =
      "42 (a) b (c)) S 7 8 9 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 5 0 123456 10 20 18446744073709551615";
  const Result<ProcessInfo> info = parse_stat(line);
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->identity, (ProcessIdentity{42, 123456}));
  EXPECT_EQ(info->parent, 7);
  EXPECT_EQ(info->group, 8);
  EXPECT_EQ(info->session, 9);
  EXPECT_EQ(info->threads, 5);
  EXPECT_EQ(info->state, 'S');
}

TEST(ParseStat, RefusesWhatIsNoStatusLine) {
  for (const char* line :
       {"", "42", "42 (a", "42 (a) S 1 2", "x (a) S 7 8 9 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 5 0 1"}) {
    EXPECT_EQ(parse_stat(line).error().code, Code::corrupt) << line;
  }
}

TEST(ProcessTable, KnowsThisProcessAndItsParent) {
  const Result<ProcessInfo> info = process_info(::getpid());
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->parent, ::getppid());
  EXPECT_TRUE(is_running(info->identity));
  EXPECT_FALSE(is_running({info->identity.pid, info->identity.start_ticks + 1}))
      << "another start, another process";
}

TEST_F(Tree, ListsGrandchildren) {
  Child child = start("sleep 60 & sleep 60 & wait");
  EXPECT_TRUE(eventually([&] { return descendants(list_processes(), child.pid()).size() == 2; }));
  EXPECT_EQ(marked(marker_).size(), 3U);
}

TEST_F(Tree, KillsDaemonsThatLeftTheirSessionAndIgnoreSigterm) {
  Child child = start(
      "trap '' TERM HUP; "
      "setsid sh -c 'trap \"\" TERM; sleep 60 & setsid sh -c \"sleep 60 & sleep 60\" & exit' & "
      "( exec >&- 2>&- <&-; sleep 60 ) & exit 0");
  ASSERT_TRUE(child.wait().ok());
  ASSERT_TRUE(eventually([&] { return marked(marker_).size() >= 3; }));
  EXPECT_TRUE(kill_descendants(::getpid(), seconds(30)).ok());
  EXPECT_TRUE(marked(marker_).empty());
}

// Each child forks on as fast as it can; counted, so that a test that is itself killed leaves nothing for
// long.
constexpr const char* bomb =
    "i=0; while [ $i -lt 500 ]; do (n=0; while [ $n -lt 500 ]; do (exit 0) & wait; n=$((n+1)); done) & "
    "i=$((i+1)); done; wait";

TEST_F(Tree, OutrunsAForkBombOfFiveHundred) {
  start(bomb);
  ASSERT_TRUE(eventually([] { return descendants(list_processes(), ::getpid()).size() >= 300; }));
  const Status killed = kill_descendants(::getpid(), seconds(120));
  EXPECT_TRUE(killed.ok()) << killed.error().message;
  EXPECT_TRUE(marked(marker_).empty());
}

TEST_F(Tree, StrikesTheNamedGroupsBeforeItLooks) {
  const Child child = start(bomb);
  ASSERT_TRUE(eventually([] { return descendants(list_processes(), ::getpid()).size() >= 300; }));
  const pid_t groups[] = {child.pid()};
  EXPECT_TRUE(kill_all([](const auto&) { return std::vector<ProcessInfo>(); }, seconds(5), groups).ok());
  EXPECT_TRUE(eventually([&] { return marked(marker_).empty(); })) << "the group alone was enough";
}

TEST_F(Tree, OutrunsAChainThatForksIntoEverNewSessions) {
  // Each link hands on to the next and ends; after five thousand links the chain ends by itself, long after
  // it was seen.
  start(
      "s='[ $2 -gt 5000 ] && exit 0; setsid sh -c \"$1\" sh \"$1\" $(($2+1)) & exit 0'; "
      "for i in 1 2 3 4; do setsid sh -c \"$s\" sh \"$s\" 0 & done; wait");
  ASSERT_TRUE(eventually([&] { return !marked(marker_).empty(); }));
  const Status killed = kill_descendants(::getpid(), seconds(60));
  EXPECT_TRUE(killed.ok()) << killed.error().message;
  EXPECT_TRUE(marked(marker_).empty());
}

TEST_F(Tree, SparesTheCallerAndItsAncestors) {
  const Result<ProcessInfo> self = process_info(::getpid());
  const Result<ProcessInfo> parent = process_info(::getppid());
  ASSERT_TRUE(self.ok());
  ASSERT_TRUE(parent.ok());
  EXPECT_TRUE(kill_all(
                  [&](const auto&) {
                    return std::vector<ProcessInfo>{*self, *parent};
                  },
                  seconds(5))
                  .ok());
  EXPECT_TRUE(is_running(parent->identity));
}

TEST_F(Tree, ReapsAdoptedChildrenButNotThoseThatAreWaitedFor) {
  Child child = start("(setsid sleep 0 &) ; exit 4");
  ASSERT_TRUE(eventually([&] {
    const auto below = descendants(list_processes(), ::getpid());
    return below.size() == 2 && below[0].ended() && below[1].ended();
  }));
  const pid_t keep[] = {child.pid()};
  EXPECT_EQ(reap_adopted(keep), 1);
  EXPECT_EQ(child.wait()->code, 4);
}

}  // namespace
}  // namespace tradewind::io
