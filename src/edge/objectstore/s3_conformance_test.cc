// The suite of all stores, on S3: always on the fake, and on real servers where TRADEWIND_TEST_S3 and
// TRADEWIND_TEST_S3_TLS name them ("s3://bucket/prefix?endpoint=…", keys in the environment). tests/doubles/
// starts such servers.
#include <cstdlib>
#include <gtest/gtest.h>

#include "edge/cloud/service_address.h"
#include "edge/io/hash.h"
#include "edge/io/http_pool.h"
#include "edge/io/process.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/fake_s3.h"
#include "edge/objectstore/testing/real_stores.h"

namespace tradewind::objectstore {
namespace {

std::shared_ptr<ObjectStore> opened(const std::string& url, const cloud::Variables& environment) {
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

// Made by us, read by whoever has it: here by a client that knows nothing of keys.
TEST(RealS3Url, AnotherReadsWhatItIsFor) {
  const char* named = std::getenv("TRADEWIND_TEST_S3");
  if (named == nullptr) GTEST_SKIP() << "tests/doubles/ceph_rgw.sh runs this";
  const cloud::Variables environment = io::current_environment();
  const std::shared_ptr<ObjectStore> store = opened(named, environment);
  const std::string key = "presigned-" + io::hex(io::random_bytes(6)) + "/the agent+1";
  ASSERT_TRUE(store->put(key, "bytes", PutCondition::always).ok());
  const auto read = [&](const std::string& url) {
    const Result<cloud::ServiceAddress> address = cloud::parse_service_address(url, "the URL");
    EXPECT_TRUE(address.ok()) << url;
    io::HttpPool pool;
    return pool.send(address->endpoint, {"GET", address->target});
  };
  const std::string url = s3_read_url(named, environment, key, std::chrono::minutes(5)).value();
  const Result<io::HttpResponse> answer = read(url);
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->status, 200) << answer->body;
  EXPECT_EQ(answer->body, "bytes");
  EXPECT_EQ(read(url.substr(0, url.find('?')))->status, 403) << "the object is not open to all";
  EXPECT_TRUE(store->remove(key).ok());
}

}  // namespace
}  // namespace tradewind::objectstore
