#include "edge/objectstore/rate_store.h"

#include <gtest/gtest.h>
#include <limits>
#include <thread>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/testing/conformance.h"

namespace tradewind::objectstore {
namespace {

using std::chrono::seconds;

class RateStoreTest : public testing::Test {
 protected:
  ManualClock clock_{Time()};
  bool interrupted_ = false;
  ByteRate rate_{1000, clock_, [this](Duration span) {
                   clock_.advance(span);
                   return !interrupted_;
                 }};
  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  RateStore store_{*inner_, rate_};
};

TEST_F(RateStoreTest, ManyBytesTakeTheirTime) {
  for (int i = 0; i < 11; ++i)
    ASSERT_TRUE(store_.put("a", std::string(1000, 'x'), PutCondition::always).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(10)) << "the first waits for nothing, the last is on its way";
  for (int i = 0; i < 5; ++i) ASSERT_EQ(store_.get("a")->size(), 1000U);
  EXPECT_GE(clock_.monotonic(), seconds(15));
  EXPECT_LE(clock_.monotonic(), seconds(16));
}

TEST_F(RateStoreTest, ManyFewBytesTakeTheirTimeToo) {
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(store_.put("a", "x", PutCondition::always).ok());
  EXPECT_NEAR(seconds_of(clock_.monotonic()), 3, 0.1);
}

TEST_F(RateStoreTest, WhatWasNotUsedIsNotSavedUp) {
  clock_.advance(seconds(100));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_.put("a", std::string(1000, 'x'), PutCondition::always).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(102));
}

TEST_F(RateStoreTest, ALimitThatChangesHoldsForWhatFollows) {
  double limit = 1000;
  ByteRate rate([&limit] { return limit; }, clock_,
                [this](Duration span) {
                  clock_.advance(span);
                  return true;
                });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rate.pass(1000).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(2));
  limit = 100;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rate.pass(1000).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(32)) << "ten for what was on its way, and for each of two";
  limit = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(rate.pass(1000).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(32)) << "no limit, no wait";
}

TEST_F(RateStoreTest, WhoeverWaitsIsLetGoByAHigherLimit) {
  double limit = 1;
  ByteRate rate([&limit] { return limit; }, clock_,
                [&](Duration span) {
                  clock_.advance(span);
                  if (clock_.monotonic() >= seconds(5)) limit = 1'000'000;
                  return true;
                });
  ASSERT_TRUE(rate.pass(100'000).ok());
  ASSERT_TRUE(rate.pass(1).ok()) << "would wait for more than a day";
  EXPECT_LE(clock_.monotonic(), seconds(6));
}

TEST_F(RateStoreTest, NothingPassesWhileThereIsAPauseAndAllOfItAfterwards) {
  double limit = 0;
  ByteRate rate([&limit] { return limit; }, clock_,
                [&](Duration span) {
                  clock_.advance(span);
                  if (clock_.monotonic() >= seconds(50)) limit = 1000;
                  return true;
                });
  ASSERT_TRUE(rate.pass(1000).ok());
  EXPECT_EQ(clock_.monotonic(), seconds(50)) << "the first, too, has to wait";
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(rate.pass(1000).ok());
  EXPECT_GE(clock_.monotonic(), seconds(59)) << "what the pause held back is not made up for";
  limit = 0;
  ByteRate ended([&limit] { return limit; }, clock_, [](Duration) { return false; });
  EXPECT_EQ(ended.pass(1).error().code, Code::cancelled);
}

TEST_F(RateStoreTest, AWaitThatIsEndedSendsNothing) {
  ASSERT_TRUE(store_.put("a", std::string(1000, 'x'), PutCondition::always).ok());
  interrupted_ = true;
  const Status cut = store_.put("b", "x", PutCondition::always);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, Code::cancelled);
  EXPECT_FALSE(inner_->stat("b").ok());
}

}  // namespace
}  // namespace tradewind::objectstore
