// The suite of all stores, on S3: always on the fake, and on real servers where TRADEWIND_TEST_S3 and
// TRADEWIND_TEST_S3_TLS name them ("s3://bucket/prefix?endpoint=…", keys in the environment). tests/doubles/
// starts such servers.
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

#include "edge/io/process.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/fake_s3.h"

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
                         testing::Values(conformance_case("FakeS3", on_the_fake, true)));

// A prefix that nobody else has, emptied when the last connection has gone.
class RealPrefix {
 public:
  explicit RealPrefix(const std::string& base) {
    static std::atomic<int> number{0};
    const std::size_t question = base.find('?');
    url_ = base.substr(0, question) + "/" + std::to_string(::getpid()) + "-" + std::to_string(++number) +
           (question == std::string::npos ? "" : base.substr(question));
  }
  ~RealPrefix() {
    const std::shared_ptr<ObjectStore> store = open();
    for (;;) {
      const Result<ObjectPage> page = store->list("", "");
      if (!page.ok() || page->objects.empty()) return;
      for (const ObjectInfo& object : page->objects) {
        if (!store->remove(object.key).ok()) return;
      }
    }
  }
  RealPrefix(const RealPrefix&) = delete;
  RealPrefix& operator=(const RealPrefix&) = delete;
  std::shared_ptr<ObjectStore> open() const { return opened(url_, io::current_environment()); }

 private:
  std::string url_;
};

std::vector<ConformanceCase> real_cases() {
  std::vector<ConformanceCase> cases;
  for (const char* variable : {"TRADEWIND_TEST_S3", "TRADEWIND_TEST_S3_TLS"}) {
    const char* url = std::getenv(variable);
    if (url == nullptr) continue;
    const auto make_empty = [base = std::string(url)]() -> Connect {
      return [prefix = std::make_shared<RealPrefix>(base)] { return prefix->open(); };
    };
    cases.push_back(conformance_case(variable, make_empty, true));
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(RealS3, ObjectStoreConformance, testing::ValuesIn(real_cases()));

}  // namespace
}  // namespace tradewind::objectstore
