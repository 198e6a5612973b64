// The suite of all stores, on S3: always on the fake, and on real servers where TRADEWIND_TEST_S3 and
// TRADEWIND_TEST_S3_TLS name them ("s3://bucket/prefix?endpoint=…", keys in the environment). tests/doubles/
// starts such servers.
#include <gtest/gtest.h>

#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/fake_s3.h"
#include "edge/objectstore/testing/real_stores.h"

namespace tradewind::objectstore {
namespace {

std::shared_ptr<ObjectStore> opened(const std::string& url, const Variables& environment) {
  Result<std::unique_ptr<ObjectStore>> store = open_s3_store(url, environment);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return store.ok() ? *std::move(store) : nullptr;
}

Connect on_the_fake() {
  return
      [fake = std::make_shared<FakeS3>()] { return opened(fake->url("some/prefix"), fake->environment()); };
}

INSTANTIATE_TEST_SUITE_P(FakeS3, ObjectStoreConformance,
                         testing::Values(copying_case("FakeS3", on_the_fake, true)));

INSTANTIATE_TEST_SUITE_P(RealS3, ObjectStoreConformance,
                         testing::ValuesIn(real_cases({"TRADEWIND_TEST_S3", "TRADEWIND_TEST_S3_TLS"})));

INSTANTIATE_TEST_SUITE_P(RealS3Cut, ObjectStoreConformance,
                         testing::ValuesIn(cut_cases({"TRADEWIND_TEST_S3"})));

}  // namespace
}  // namespace tradewind::objectstore
