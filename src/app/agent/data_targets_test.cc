#include "app/agent/data_targets.h"

#include <fstream>
#include <gtest/gtest.h>

#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

class TargetsTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(made_);
    std::ofstream(made_ / "x") << "data";
  }
  io::TempDir dir_ = *io::TempDir::make("targets ");
  fs::path made_ = dir_.path() / "scratch" / placed_folder / "0";
};

TEST_F(TargetsTest, ALinkAndTheFoldersMadeForItGoAgain) {
  DataTargets targets;
  const fs::path target = dir_.path() / "a/b/data";
  ASSERT_TRUE(targets.link(target, made_).ok());
  EXPECT_EQ(*io::read_file(target / "x"), "data");
  targets.release();
  EXPECT_FALSE(io::path_exists(dir_.path() / "a"));
  EXPECT_TRUE(io::path_exists(made_ / "x"));
}

TEST_F(TargetsTest, FoldersThatOthersUseMeanwhileStay) {
  DataTargets targets;
  ASSERT_TRUE(targets.link(dir_.path() / "a/data", made_).ok());
  std::ofstream(dir_.path() / "a/other") << "mine";
  targets.release();
  EXPECT_FALSE(io::path_exists(dir_.path() / "a/data"));
  EXPECT_EQ(*io::read_file(dir_.path() / "a/other"), "mine");
}

TEST_F(TargetsTest, WhatIsThereIsNotOverwrittenNorTakenAway) {
  std::ofstream(dir_.path() / "file") << "mine";
  fs::create_symlink("nowhere", dir_.path() / "hanging");
  {
    DataTargets targets;
    for (const char* name : {"file", "hanging"}) {
      const Status refused = targets.link(dir_.path() / name, made_);
      ASSERT_FALSE(refused.ok()) << name;
      EXPECT_EQ(refused.error().code, Code::conflict);
      EXPECT_NE(refused.error().hint.find(std::string("'") + name + "'"), std::string::npos);
    }
  }
  EXPECT_EQ(*io::read_file(dir_.path() / "file"), "mine");
  EXPECT_TRUE(io::path_exists(dir_.path() / "hanging"));
}

TEST_F(TargetsTest, WhatAKilledJobLeftIsReplaced) {
  const fs::path target = dir_.path() / "data";
  fs::create_symlink(dir_.path() / "gone" / placed_folder / "0", target);
  DataTargets targets;
  ASSERT_TRUE(targets.link(target, made_).ok());
  EXPECT_EQ(fs::read_symlink(target), made_);
}

TEST_F(TargetsTest, ALinkThatAnotherPutInItsPlaceIsLeftAlone) {
  DataTargets targets;
  const fs::path target = dir_.path() / "data";
  ASSERT_TRUE(targets.link(target, made_).ok());
  fs::remove(target);
  fs::create_symlink("/elsewhere", target);
  targets.release();
  EXPECT_TRUE(io::path_exists(target));
}

TEST_F(TargetsTest, NothingIsLaidThroughALinkOfTheWorkdir) {
  const fs::path work = dir_.path() / "work";
  fs::create_directories(work);
  fs::create_directories(dir_.path() / "outside");
  fs::create_symlink(dir_.path() / "outside", work / "link");
  for (const char* target : {"link/data", "link"}) {
    const Status refused = DataTargets::lay_into(work, target, made_);
    ASSERT_FALSE(refused.ok()) << target;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_NE(refused.error().message.find("the link 'link'"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(dir_.path() / "outside"));
  ASSERT_TRUE(DataTargets::lay_into(work, "new/data", made_).ok());
  EXPECT_EQ(*io::read_file(work / "new/data/x"), "data");
}

}  // namespace
}  // namespace tradewind::agent
