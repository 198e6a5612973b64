#include "app/agent/workspace.h"

#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

JobSpec spec_of(const std::string& workdir, const std::string& checkpoint) {
  JobSpec spec;
  spec.workdir = workdir;
  spec.checkpoint.path = checkpoint;
  return spec;
}

TEST(Workspace, TheWorkdirIsCopiedWithItsLinksAndModes) {
  const io::TempDir dir = *io::TempDir::make("tw-space 한글-");
  const fs::path source = dir.path() / "my project";
  fs::create_directories(source / "src/깊은 곳");
  std::ofstream(source / "src/깊은 곳/train.py") << "print()";
  fs::permissions(source / "src/깊은 곳/train.py", fs::perms(0755));
  fs::create_symlink("src", source / "link");
  const JobSpec spec = spec_of(source, "state/");
  const Workspace space = *plan_workspace(dir.path() / "scratch", spec);
  const Status prepared = prepare_workspace(space, spec);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_EQ(*io::read_file(space.work / "src/깊은 곳/train.py"), "print()");
  EXPECT_EQ(fs::status(space.work / "src/깊은 곳/train.py").permissions(), fs::perms(0755));
  EXPECT_EQ(fs::read_symlink(space.work / "link"), "src");
  EXPECT_EQ(space.checkpoint, space.work / "state");
  EXPECT_TRUE(fs::is_directory(space.checkpoint));
  EXPECT_TRUE(fs::exists(space.progress));
}

TEST(Workspace, AWorkdirThatHoldsTheScratchFolderIsNotCopiedIntoItself) {
  const io::TempDir dir = *io::TempDir::make("tw-space-");
  std::ofstream(dir.path() / "a") << "a";
  const JobSpec spec = spec_of(dir.path(), "");
  const Workspace space = *plan_workspace(dir.path() / "scratch", spec);
  ASSERT_TRUE(prepare_workspace(space, spec).ok());
  EXPECT_TRUE(fs::exists(space.work / "a"));
  EXPECT_FALSE(fs::exists(space.work / "scratch"));
}

TEST(Workspace, FilesThatComeAndGoMeanwhileDoNoHarm) {
  const io::TempDir dir = *io::TempDir::make("tw-space-");
  const fs::path source = dir.path() / "busy";
  fs::create_directories(source);
  std::ofstream(source / "train.py") << "print()";
  std::jthread busy([&](const std::stop_token& done) {
    for (int i = 0; !done.stop_requested(); ++i) {
      const fs::path folder = source / ("d" + std::to_string(i % 50));
      fs::create_directory(folder);
      std::ofstream(folder / "x") << i;
      std::ofstream(source / ("f" + std::to_string(i % 50))) << i;
      if (i >= 50) {
        fs::remove_all(source / ("d" + std::to_string((i + 25) % 50)));
        fs::remove(source / ("f" + std::to_string((i + 25) % 50)));
      }
    }
  });
  for (int round = 0; round < 40; ++round) {
    const JobSpec spec = spec_of(source, "");
    const Workspace space = *plan_workspace(dir.path() / ("scratch" + std::to_string(round)), spec);
    const Status prepared = prepare_workspace(space, spec);
    ASSERT_TRUE(prepared.ok()) << prepared.error().message;
    EXPECT_EQ(*io::read_file(space.work / "train.py"), "print()");
  }
}

TEST(Workspace, AMissingWorkdirIsNamed) {
  const io::TempDir dir = *io::TempDir::make("tw-space-");
  const JobSpec spec = spec_of("/nowhere/at all", "");
  const Status prepared = prepare_workspace(*plan_workspace(dir.path() / "scratch", spec), spec);
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().code, Code::not_found);
  EXPECT_NE(prepared.error().message.find("/nowhere/at all"), std::string::npos);
}

TEST(Workspace, ACheckpointFolderOutsideIsRefused) {
  for (const char* path : {"../state", "a/../../b", "/var/state", "."}) {
    EXPECT_EQ(plan_workspace("/tmp/scratch", spec_of("", path)).error().code, Code::invalid_argument) << path;
  }
  EXPECT_EQ(plan_workspace("/tmp/scratch", spec_of("", "/tmp/scratch/state"))->checkpoint,
            "/tmp/scratch/state");
}

}  // namespace
}  // namespace tradewind::agent
