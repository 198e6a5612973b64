#include "edge/drivers/local/claims.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge/io/files.h"

namespace tradewind::local {
namespace {

class ClaimsTest : public testing::Test {
 protected:
  ClaimsTest() : temp_(io::TempDir::make("claims-").value()) {}
  Share share(int cores, int gpus = 0) const {
    return {cores, 4, gpus, 2, (temp_.path() / "claims").string()};
  }
  io::TempDir temp_;
};

TEST_F(ClaimsTest, TakesWhatIsFreeAndLeavesNothingBehind) {
  {
    const Result<Claims> first = Claims::take(share(3, 1));
    ASSERT_TRUE(first.ok()) << describe(first.error());
    EXPECT_EQ(first->cores(), (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(first->gpus(), (std::vector<int>{0}));
    const Result<Claims> second = Claims::take(share(1, 1));
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second->cores(), (std::vector<int>{3}));
    EXPECT_EQ(second->gpus(), (std::vector<int>{1}));
    EXPECT_FALSE(Claims::has_room(share(1)));
    EXPECT_EQ(Claims::take(share(1)).error().code, Code::insufficient_capacity);
  }
  EXPECT_FALSE(io::path_exists(temp_.path() / "claims"));
  EXPECT_TRUE(Claims::has_room(share(4, 2)));
}

TEST_F(ClaimsTest, ARefusedClaimHoldsNothing) {
  const Result<Claims> gpus = Claims::take(share(0, 2));
  ASSERT_TRUE(gpus.ok());
  EXPECT_FALSE(Claims::take(share(4, 1)).ok());
  const Result<Claims> cores = Claims::take(share(4));
  EXPECT_TRUE(cores.ok());
}

TEST_F(ClaimsTest, OutlivesNobodyWhoIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Result<Claims> held = Claims::take(share(4));
    if (!held.ok()) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const Result<Claims> after = Claims::take(share(4));
  ASSERT_TRUE(after.ok()) << describe(after.error());
  EXPECT_EQ(after->cores().size(), 4U);
}

TEST_F(ClaimsTest, RacersNeverHoldTheSame) {
  constexpr int racers = 4;
  std::vector<pid_t> children;
  for (int i = 0; i < racers; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Each file is named after a core that somebody holds: made anew by a second holder, it would exist.
      for (int round = 0; round < 200; ++round) {
        const Result<Claims> held = Claims::take(share(2));
        if (!held.ok()) continue;
        for (const int core : held->cores()) {
          const std::string mark = (temp_.path() / ("held-" + std::to_string(core))).string();
          if (::mkdir(mark.c_str(), 0700) != 0) ::_exit(1);
          if (::rmdir(mark.c_str()) != 0) ::_exit(2);
        }
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

}  // namespace
}  // namespace tradewind::local
