#include "edge/objectstore/wrappers.h"

#include <gtest/gtest.h>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/testing/conformance.h"

namespace tradewind::objectstore {

namespace {

// A wrapper that keeps what it wraps.
std::shared_ptr<ObjectStore> wrap(const std::shared_ptr<ObjectStore>& inner) {
  struct Both {
    std::shared_ptr<ObjectStore> inner;
    FaultStore store;
  };
  const auto both =
      std::make_shared<Both>(Both{inner, FaultStore(*inner, [](const auto&) { return Status(); })});
  return {both, &both->store};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(QuietFault, ObjectStoreConformance,
                         testing::Values(conformance_case(
                             "fault",
                             [] {
                               const std::shared_ptr<ObjectStore> inner = make_memory_store();
                               return [inner] { return wrap(inner); };
                             },
                             false)));

namespace {

using Moment = FaultStore::Moment;

TEST(FaultStore, AnErrorBeforeKeepsTheCallFromTheStore) {
  const auto inner = make_memory_store();
  FaultStore store(*inner, [](const FaultStore::Call& call) -> Status {
    if (call.moment == Moment::before) return Error{Code::unavailable, "request lost"};
    return {};
  });
  EXPECT_FALSE(store.put("a", "x", PutCondition::always).ok());
  EXPECT_FALSE(inner->get("a").ok());
}

TEST(FaultStore, AnErrorAfterLosesOnlyTheReply) {
  const auto inner = make_memory_store();
  FaultStore store(*inner, [](const FaultStore::Call& call) -> Status {
    if (call.moment == Moment::after) return Error{Code::unavailable, "reply lost"};
    return {};
  });
  const Status done = store.put("a", "x", PutCondition::if_absent);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::unavailable);
  EXPECT_EQ(inner->get("a").value_or("?"), "x");
}

TEST(FaultStore, TheHookSeesOperationAndKey) {
  const auto inner = make_memory_store();
  std::vector<std::pair<Operation, std::string>> seen;
  FaultStore store(*inner, [&seen](const FaultStore::Call& call) -> Status {
    if (call.moment == Moment::before) seen.emplace_back(call.operation, call.key);
    return {};
  });
  ASSERT_TRUE(store.put("k", "x", PutCondition::always).ok());
  ASSERT_TRUE(store.get("k").ok());
  ASSERT_TRUE(store.stat("k").ok());
  ASSERT_TRUE(store.list("p", "").ok());
  ASSERT_TRUE(store.remove("k").ok());
  const std::vector<std::pair<Operation, std::string>> expected = {{Operation::put, "k"},
                                                                   {Operation::get, "k"},
                                                                   {Operation::stat, "k"},
                                                                   {Operation::list, "p"},
                                                                   {Operation::remove, "k"}};
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace tradewind::objectstore
