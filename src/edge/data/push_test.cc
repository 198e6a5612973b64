#include "edge/data/push.h"

#include <atomic>
#include <fstream>
#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::data {
namespace {

using objectstore::FaultStore;
using objectstore::Operation;

class PushTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string name : {"a", "b", "c"}) {
      std::ofstream(dir_.path() / name) << name << name;
      files_["x/" + name] = dir_.path() / name;
    }
  }

  io::TempDir dir_ = *io::TempDir::make("push ");
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::map<std::string, std::filesystem::path> files_;
  PutObjects done_;
};

TEST_F(PushTest, EachFileBecomesAnObject) {
  std::ofstream(dir_.path() / "empty") << "";
  files_["empty"] = dir_.path() / "empty";
  const Result<Pushed> pushed = push(*store_, files_, done_, [] { return false; });
  ASSERT_TRUE(pushed.ok()) << describe(pushed.error());
  EXPECT_EQ(pushed->objects, 4u);
  EXPECT_EQ(pushed->bytes_moved, 6u);
  EXPECT_EQ(store_->get("x/b").value_or("?"), "bb");
  EXPECT_EQ(store_->get("empty").value_or("?"), "");
}

TEST_F(PushTest, AFurtherTryPutsOnlyTheRest) {
  std::atomic<int> left = 2;
  FaultStore faulty(*store_, [&left](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::put || call.moment != FaultStore::Moment::before || left-- > 0)
      return {};
    return Error{Code::unavailable, "cut"};
  });
  EXPECT_FALSE(push(faulty, files_, done_, [] { return false; }).ok());
  EXPECT_EQ(done_.size(), 2u);
  const Result<Pushed> rest = push(*store_, files_, done_, [] { return false; });
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->bytes_moved, 2u);
  EXPECT_EQ(rest->bytes_reused, 4u);
}

TEST_F(PushTest, WhatChangedOrWentIsPutAgain) {
  ASSERT_TRUE(push(*store_, files_, done_, [] { return false; }).ok());
  std::ofstream(dir_.path() / "a") << "AA";
  ASSERT_TRUE(store_->remove("x/b").ok());
  EXPECT_EQ(push(*store_, files_, done_, [] { return false; })->bytes_moved, 4u);
  EXPECT_EQ(store_->get("x/a").value_or("?"), "AA");
  EXPECT_EQ(store_->get("x/b").value_or("?"), "bb");
}

TEST_F(PushTest, ANameThatNoObjectCanHaveIsRefusedBeforeAnythingIsPut) {
  files_["x/../d"] = dir_.path() / "a";
  const Result<Pushed> refused = push(*store_, files_, done_, [] { return false; });
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("x/../d"), std::string::npos);
  EXPECT_TRUE(done_.empty());
}

}  // namespace
}  // namespace tradewind::data
