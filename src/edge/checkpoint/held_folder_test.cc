#include "edge/checkpoint/held_folder.h"

#include <atomic>
#include <fstream>
#include <gtest/gtest.h>

#include "edge/checkpoint/testing/job_world.h"
#include "edge/io/files.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

namespace fs = std::filesystem;
using objectstore::FaultStore;
using objectstore::Operation;

std::string text_of(const fs::path& path) {
  return io::read_file(path).value_or("none");
}

std::size_t held_beside(const JobWorld& world) {
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(world.state().parent_path())) {
    if (entry.path().filename().string().starts_with(".new.state.held-")) ++count;
  }
  return count;
}

void replace(const JobWorld& world, const std::string& path, std::string_view bytes) {
  world.write(".new." + path, bytes);
  fs::rename(world.state() / (".new." + path), world.state() / path);
}

SaveRequest request_of(const JobWorld& world) {
  SaveRequest request;
  request.folder = world.state();
  request.job = JobId("j-1");
  request.lease = LeaseId("l-1");
  request.now = world.clock.now();
  return request;
}

// The place's home acts once, before the first chunk is written.
struct Meanwhile {
  Meanwhile(JobWorld& world, std::function<void()> act)
      : store(*world.home,
              [this, act = std::move(act)](const FaultStore::Call& call) {
                if (call.operation == Operation::put && !acted.exchange(true)) act();
                return Status();
              }),
        place(world.place()) {
    place.home = &store;
  }
  std::atomic<bool> acted = false;
  FaultStore store;
  ChunkPlace place;
};

TEST(HeldFolder, GoesOnBeingWhatItWasAndLeavesNothingBehind) {
  JobWorld world;
  world.write("weights", "one");
  {
    const Result<HeldFolder> held = HeldFolder::hold(world.state());
    ASSERT_TRUE(held.ok()) << describe(held.error());
    replace(world, "weights", "two");
    EXPECT_EQ(text_of(held->path() / "weights"), "one");
    EXPECT_TRUE(held->is_whole());
    EXPECT_EQ(held_beside(world), 1U);
  }
  EXPECT_EQ(held_beside(world), 0U);
  EXPECT_EQ(text_of(world.state() / "weights"), "two");
}

TEST(HeldFolder, WhatADeadProcessLeftIsRemovedAndWhatALivingOneHoldsIsNot) {
  JobWorld world;
  world.write("weights", "one");
  const fs::path dead = world.beside(".new.state.held-dead");
  fs::create_directories(dead);
  std::ofstream(dead / "lock").flush();
  fs::last_write_time(dead / "lock", fs::file_time_type::clock::now() - std::chrono::hours(1));
  const Result<HeldFolder> first = HeldFolder::hold(world.state());
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(fs::exists(dead));
  fs::last_write_time(first->path().parent_path() / "lock",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  const Result<HeldFolder> second = HeldFolder::hold(world.state());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(text_of(first->path() / "weights"), "one");
}

TEST(HeldFolder, AMissingFolderIsNotFound) {
  const JobWorld world;
  EXPECT_EQ(HeldFolder::hold(world.beside("none")).error().code, Code::not_found);
}

TEST(SaveHeld, HoldsTheMomentAtWhichItBegan) {
  JobWorld world;
  world.write("a", "old a");
  world.write("b", "old b");
  Meanwhile meanwhile(world, [&] {
    replace(world, "a", "new a");
    replace(world, "b", "new b");
    world.write("c", "new c");
  });
  const Result<Saved> saved = save_held(request_of(world), meanwhile.place);
  ASSERT_TRUE(saved.ok()) << describe(saved.error());
  ASSERT_TRUE(meanwhile.acted);
  ASSERT_TRUE(restore(world.place(), {saved->id, world.beside("back")}).ok());
  EXPECT_EQ(text_of(world.beside("back") / "a"), "old a");
  EXPECT_EQ(text_of(world.beside("back") / "b"), "old b");
  EXPECT_FALSE(fs::exists(world.beside("back") / "c"));
  EXPECT_EQ(held_beside(world), 0U);
}

// Second names do not hold what is written in place: all of it is read anew.
TEST(SaveHeld, IsNeverOfTwoMomentsWhereFilesAreWrittenInPlace) {
  JobWorld world;
  world.write("a", "old a");
  world.write("b", "old b");
  Meanwhile meanwhile(world, [&] {
    replace(world, "a", "new a");
    world.write("b", "new b, longer");
  });
  const Result<Saved> saved = save_held(request_of(world), meanwhile.place);
  ASSERT_TRUE(saved.ok()) << describe(saved.error());
  ASSERT_TRUE(restore(world.place(), {saved->id, world.beside("back")}).ok());
  const std::string a = text_of(world.beside("back") / "a");
  const std::string b = text_of(world.beside("back") / "b");
  const bool is_old = a == "old a" && b == "old b";  // where files share blocks
  const bool is_new = a == "new a" && b == "new b, longer";
  EXPECT_TRUE(is_old || is_new) << a << ", " << b;
}

TEST(SaveHeld, NamesTheFolderThatWasMeant) {
  JobWorld world;
  world.write("bad\xff", "x");
  const Result<Saved> saved = save_held(request_of(world), world.place());
  ASSERT_FALSE(saved.ok());
  EXPECT_NE(saved.error().message.find(world.state().string()), std::string::npos) << saved.error().message;
  EXPECT_EQ(saved.error().message.find(".new."), std::string::npos) << saved.error().message;
}

}  // namespace
}  // namespace tradewind::checkpoint
