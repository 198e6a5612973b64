// The suite of all stores, on Azure Blob Storage: always on the fake, and on a real server where
// TRADEWIND_TEST_AZBLOB names one ("azblob://container/prefix?account=…&endpoint=…", the key in the
// environment). tests/doubles/ starts one.
#include <gtest/gtest.h>

#include "edge/objectstore/azblob_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/fake_azblob.h"
#include "edge/objectstore/testing/real_stores.h"

namespace tradewind::objectstore {
namespace {

std::shared_ptr<ObjectStore> opened(const FakeAzblob& fake, StoreTuning tuning) {
  Result<std::unique_ptr<ObjectStore>> store =
      open_azblob_store(fake.url("some/prefix"), fake.environment(), tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return store.ok() ? *std::move(store) : nullptr;
}

Connect on_the_fake() {
  return [fake = std::make_shared<FakeAzblob>()] { return opened(*fake, {}); };
}

// Every object of more than 2 bytes in blocks, those of creates too: a list of blocks is as much one write.
Connect in_blocks() {
  StoreTuning tuning;
  tuning.multipart_from = 3;
  tuning.part_bytes = 100'000;
  return [fake = std::make_shared<FakeAzblob>(), tuning] { return opened(*fake, tuning); };
}

INSTANTIATE_TEST_SUITE_P(FakeAzblob, ObjectStoreConformance,
                         testing::Values(conformance_case("FakeAzblob", on_the_fake, true),
                                         conformance_case("FakeAzblobInBlocks", in_blocks, true)));

INSTANTIATE_TEST_SUITE_P(RealAzblob, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_AZBLOB"})));

}  // namespace
}  // namespace tradewind::objectstore
