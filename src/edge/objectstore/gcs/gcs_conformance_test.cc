// The suite of all stores, on Google Cloud Storage: always on the fake, and on servers where
// TRADEWIND_TEST_GCS and TRADEWIND_TEST_GCS_TLS name them ("gs://bucket/prefix?endpoint=…"). tests/doubles/
// starts such servers.
#include <gtest/gtest.h>

#include "edge/io/process.h"
#include "edge/objectstore/gcs/gcs_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/fake_gcs.h"
#include "edge/objectstore/testing/real_stores.h"

namespace tradewind::objectstore {
namespace {

std::shared_ptr<ObjectStore> opened(const FakeGcs& fake, StoreTuning tuning) {
  Result<std::unique_ptr<ObjectStore>> store = open_gcs_store(fake.url("some/prefix"), {}, tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return store.ok() ? *std::move(store) : nullptr;
}

Connect on_the_fake() {
  return [fake = std::make_shared<FakeGcs>()] { return opened(*fake, {}); };
}

// Every object of one byte and more, those of creates too: the end of a session is as much one write.
StoreTuning in_chunks() {
  StoreTuning tuning;
  tuning.multipart_from = 1;
  tuning.part_bytes = std::size_t{256} << 10;
  return tuning;
}

Connect on_the_fake_in_chunks() {
  return [fake = std::make_shared<FakeGcs>()] { return opened(*fake, in_chunks()); };
}

Result<std::unique_ptr<ObjectStore>> open_in_chunks(const std::string& url) {
  return open_gcs_store(url, io::current_environment(), in_chunks());
}

INSTANTIATE_TEST_SUITE_P(FakeGcs, ObjectStoreConformance,
                         testing::Values(copying_case("FakeGcs", on_the_fake, true),
                                         copying_case("FakeGcsInChunks", on_the_fake_in_chunks, true)));

INSTANTIATE_TEST_SUITE_P(RealGcs, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_GCS", "TRADEWIND_TEST_GCS_TLS"})));

INSTANTIATE_TEST_SUITE_P(RealGcsCut, ObjectStoreConformance,
                         testing::ValuesIn(cut_cases({"TRADEWIND_TEST_GCS"})));

INSTANTIATE_TEST_SUITE_P(RealGcsInChunksCut, ObjectStoreConformance,
                         testing::ValuesIn(cut_cases({"TRADEWIND_TEST_GCS"}, open_in_chunks)));

INSTANTIATE_TEST_SUITE_P(RealGcsInChunks, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_GCS"}, open_in_chunks)));

}  // namespace
}  // namespace tradewind::objectstore
