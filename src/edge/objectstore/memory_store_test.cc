#include "edge/objectstore/memory_store.h"

#include "edge/objectstore/testing/conformance.h"

namespace tradewind::objectstore {

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreConformance,
                         testing::Values(conformance_case(
                             "memory",
                             [] {
                               std::shared_ptr<ObjectStore> store = make_memory_store();
                               return [store] { return store; };
                             },
                             false)));

namespace {

TEST(MemoryStore, DatesObjectsByTheClockItWasGiven) {
  ManualClock clock(Time(Duration(1000)));
  const auto store = make_memory_store(&clock);
  ASSERT_TRUE(store->put("a", "x", PutCondition::always).ok());
  clock.advance(Duration(500));
  ASSERT_TRUE(store->put("b", "x", PutCondition::always).ok());
  ASSERT_TRUE(store->stat("a").ok());
  EXPECT_EQ(store->stat("a")->modified_at, Time(Duration(1000)));
  EXPECT_EQ(store->stat("b")->modified_at, Time(Duration(1500)));
}

}  // namespace
}  // namespace tradewind::objectstore
