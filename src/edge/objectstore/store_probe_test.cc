#include "edge/objectstore/store_probe.h"

#include <gtest/gtest.h>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/fake_s3.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::objectstore {
namespace {

ProbeOptions small() {
  ProbeOptions options;
  options.payload_bytes = 10'000;
  return options;
}

std::unique_ptr<ObjectStore> on(const FakeS3& fake) {
  return *open_s3_store(fake.url("p"), fake.environment());
}

const PrimitiveProof* proof_of(const StorePrimitives& found, Primitive primitive) {
  for (const PrimitiveProof& proof : found.proofs) {
    if (proof.primitive == primitive) return &proof;
  }
  return nullptr;
}

TEST(StoreProbe, AGoodStoreHoldsAllAndIsLeftEmpty) {
  const std::unique_ptr<ObjectStore> memory = make_memory_store(nullptr);
  const FakeS3 fake;
  const std::unique_ptr<ObjectStore> s3 = on(fake);
  for (ObjectStore* store : {memory.get(), s3.get()}) {
    const Result<StorePrimitives> found = probe(*store, small());
    ASSERT_TRUE(found.ok()) << describe(found.error());
    EXPECT_EQ(found->proofs.size(), 7U);
    for (const PrimitiveProof& proof : found->proofs)
      EXPECT_TRUE(proof.holds) << to_text(proof.primitive) << proof.finding;
    EXPECT_TRUE(found->fit_for_ledgers());
    EXPECT_GT(found->read_bytes_per_s, 0);
    EXPECT_TRUE(store->list("", "")->objects.empty());
  }
}

TEST(StoreProbe, AStoreThatOverwritesIsUnfitForLedgers) {
  FakeS3Options options;
  options.honours_if_none_match = false;
  const FakeS3 fake(options);
  const std::unique_ptr<ObjectStore> store = on(fake);
  const Result<StorePrimitives> found = probe(*store, small());
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_FALSE(found->fit_for_ledgers());
  EXPECT_TRUE(found->holds_objects());
  const PrimitiveProof* create = proof_of(*found, Primitive::create_if_absent);
  ASSERT_NE(create, nullptr);
  EXPECT_FALSE(create->holds);
  EXPECT_NE(create->finding.find("overwritten"), std::string::npos) << create->finding;
  EXPECT_NE(create->cure.find("unfit for ledgers"), std::string::npos);
  EXPECT_TRUE(store->list("", "")->objects.empty());
}

TEST(StoreProbe, AStoreThatDoesNotKnowTheConditionIsUnfitToo) {
  FakeS3Options options;
  options.knows_if_none_match = false;
  const FakeS3 fake(options);
  const std::unique_ptr<ObjectStore> store = on(fake);
  const Result<StorePrimitives> found = probe(*store, small());
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_FALSE(found->fit_for_ledgers());
  EXPECT_TRUE(store->list("", "")->objects.empty());
}

TEST(StoreProbe, WithoutAccessTheErrorIsTheStoresOwn) {
  const FakeS3 fake({}, [](const io::HttpRequest&) { return Fault::denied; });
  const Result<StorePrimitives> found = probe(*on(fake), small());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::unauthorized);
  EXPECT_NE(found.error().hint.find("s3:PutObject"), std::string::npos);
}

TEST(StoreProbe, WhatCannotBeRemovedIsTold) {
  const std::unique_ptr<ObjectStore> memory = make_memory_store(nullptr);
  FaultStore stubborn(*memory, [](const FaultStore::Call& call) {
    const bool race = call.operation == Operation::remove && call.key.find("race") != std::string_view::npos;
    return race ? Status(Error{Code::unauthorized, "no"}) : Status();
  });
  const Result<StorePrimitives> found = probe(stubborn, small());
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->holds_objects());
  EXPECT_NE(found->proofs.back().cure.find("tradewind-check/"), std::string::npos);
}

TEST(StoreProbe, TheOnePrimitiveOfLedgersIsProvedByItself) {
  const FakeS3 good;
  const std::unique_ptr<ObjectStore> store = on(good);
  const Status proved = prove_create_if_absent(*store);
  EXPECT_TRUE(proved.ok()) << describe(proved.error());
  EXPECT_TRUE(store->list("", "")->objects.empty());
  FakeS3Options overwriting;
  overwriting.honours_if_none_match = false;
  FakeS3Options ignorant;
  ignorant.knows_if_none_match = false;
  for (const FakeS3Options& options : {overwriting, ignorant}) {
    const FakeS3 fake(options);
    const std::unique_ptr<ObjectStore> unfit = on(fake);
    const Status refused = prove_create_if_absent(*unfit);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_NE(refused.error().message.find("unfit for ledgers"), std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(unfit->list("", "")->objects.empty());
  }
}

}  // namespace
}  // namespace tradewind::objectstore
