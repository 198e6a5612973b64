// The suite of all stores, on Azure Blob Storage: always on the fake, and on real servers where
// TRADEWIND_TEST_AZBLOB and TRADEWIND_TEST_AZBLOB_TLS name them
// ("azblob://container/prefix?account=…&endpoint=…", the key in the environment, or a SAS in the URL).
// tests/doubles/ starts such servers.
#include <gtest/gtest.h>

#include "edge/io/process.h"
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

// Every object of one byte and more, those of creates too: a list of blocks is as much one write.
StoreTuning in_blocks() {
  StoreTuning tuning;
  tuning.multipart_from = 1;
  tuning.part_bytes = 100'000;
  return tuning;
}

Connect on_the_fake_in_blocks() {
  return [fake = std::make_shared<FakeAzblob>()] { return opened(*fake, in_blocks()); };
}

Result<std::unique_ptr<ObjectStore>> open_in_blocks(const std::string& url) {
  return open_azblob_store(url, io::current_environment(), in_blocks());
}

INSTANTIATE_TEST_SUITE_P(FakeAzblob, ObjectStoreConformance,
                         testing::Values(copying_case("FakeAzblob", on_the_fake, true),
                                         copying_case("FakeAzblobInBlocks", on_the_fake_in_blocks, true)));

INSTANTIATE_TEST_SUITE_P(RealAzblob, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_AZBLOB",
                                                       "TRADEWIND_TEST_AZBLOB_TLS"})));

INSTANTIATE_TEST_SUITE_P(RealAzblobCut, ObjectStoreConformance,
                         testing::ValuesIn(cut_cases({"TRADEWIND_TEST_AZBLOB"})));

INSTANTIATE_TEST_SUITE_P(RealAzblobInBlocksCut, ObjectStoreConformance,
                         testing::ValuesIn(cut_cases({"TRADEWIND_TEST_AZBLOB"}, open_in_blocks)));

INSTANTIATE_TEST_SUITE_P(RealAzblobInBlocks, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_AZBLOB"}, open_in_blocks)));

}  // namespace
}  // namespace tradewind::objectstore
