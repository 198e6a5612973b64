// What becomes of calls whose connection or server fails, alike for all stores that are reached by HTTP.
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

#include "edge/objectstore/azblob_store.h"
#include "edge/objectstore/gcs/gcs_store.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/fake_azblob.h"
#include "edge/objectstore/testing/fake_gcs.h"
#include "edge/objectstore/testing/fake_s3.h"

namespace tradewind::objectstore {
namespace {

using Opened = Result<std::unique_ptr<ObjectStore>>;

struct S3Kind {
  using Fake = FakeS3;
  static constexpr const char* writes = "PUT";
  static constexpr const char* busy = "SlowDown";
  static constexpr const char* where = "http://127.0.0.1:";
  static cloud::Variables environment(const Fake& fake) { return fake.environment(); }
  static Opened open(const std::string& url, cloud::Variables environment, StoreTuning tuning) {
    return open_s3_store(url, std::move(environment), tuning);
  }
};

struct AzblobKind {
  using Fake = FakeAzblob;
  static constexpr const char* writes = "PUT";
  static constexpr const char* busy = "ServerBusy";
  static constexpr const char* where = "account 'acme1'";
  static cloud::Variables environment(const Fake& fake) { return fake.environment(); }
  static Opened open(const std::string& url, cloud::Variables environment, StoreTuning tuning) {
    return open_azblob_store(url, std::move(environment), tuning);
  }
};

struct GcsKind {
  using Fake = FakeGcs;
  static constexpr const char* writes = "POST";
  static constexpr const char* busy = "rateLimitExceeded";
  static constexpr const char* where = "bucket 'runs'";
  static cloud::Variables environment(const Fake&) { return {}; }
  static Opened open(const std::string& url, cloud::Variables environment, StoreTuning tuning) {
    return open_gcs_store(url, std::move(environment), tuning);
  }
};

StoreTuning hasty() {
  StoreTuning tuning;
  tuning.delay_first = Duration(1);
  tuning.delay_max = Duration(4);
  return tuning;
}

Status create(ObjectStore& store, std::string_view bytes) {
  return store.put("ledger/1", bytes, PutCondition::if_absent);
}

template <class Kind>
class NetworkStore : public testing::Test {
 protected:
  using Fake = typename Kind::Fake;
  static std::unique_ptr<ObjectStore> open(const Fake& fake, StoreTuning tuning = hasty()) {
    Opened store = Kind::open(fake.url("p"), Kind::environment(fake), tuning);
    EXPECT_TRUE(store.ok()) << describe(store.error());
    return *std::move(store);
  }
  static bool writes(const io::HttpRequest& request) { return request.method == Kind::writes; }
};

using Kinds = testing::Types<S3Kind, AzblobKind, GcsKind>;
TYPED_TEST_SUITE(NetworkStore, Kinds);

TYPED_TEST(NetworkStore, WhatPassesIsRepeated) {
  for (const Fault fault :
       {Fault::slow_down, Fault::broken, Fault::reset, Fault::lost_reply, Fault::late_error}) {
    for (const char* method : {TypeParam::writes, "GET", "DELETE"}) {
      const typename TypeParam::Fake fake({}, fail_first(method, fault));
      const std::unique_ptr<ObjectStore> store = this->open(fake);
      ASSERT_TRUE(store->put("a", "bytes", PutCondition::always).ok());
      EXPECT_EQ(store->get("a").value_or("?"), "bytes");
      EXPECT_EQ(store->stat("a").value_or({}).size_bytes, 5U);
      EXPECT_EQ(store->list("", "").value_or({}).objects.size(), 1U);
      EXPECT_TRUE(store->remove("a").ok());
      EXPECT_EQ(fake.requests(), 6) << method;
    }
  }
}

TYPED_TEST(NetworkStore, ACreateWhoseAnswerWasLostIsKnownAsOurs) {
  for (const Fault fault : {Fault::lost_reply, Fault::late_error}) {
    const typename TypeParam::Fake fake({}, fail_first(TypeParam::writes, fault));
    const std::unique_ptr<ObjectStore> store = this->open(fake);
    const Status made = create(*store, "mine");
    EXPECT_TRUE(made.ok()) << describe(made.error());
    EXPECT_EQ(store->get("ledger/1").value_or("?"), "mine");
    EXPECT_EQ(create(*store, "mine").error().code, Code::conflict) << "another create is another writer's";
  }
}

TYPED_TEST(NetworkStore, ACreateThatLostTheRaceBehindALostAnswerIsAConflict) {
  typename TypeParam::Fake* there = nullptr;
  std::atomic<bool> once = false;
  typename TypeParam::Fake fake({}, [&](const io::HttpRequest& request) {
    if (!this->writes(request) || once.exchange(true)) return Fault::none;
    EXPECT_TRUE(create(*this->open(*there), "same bytes").ok());  // another writer, between our attempts
    return Fault::reset;
  });
  there = &fake;
  const Status made = create(*this->open(fake), "same bytes");
  ASSERT_FALSE(made.ok()) << "equal bytes are no proof: the mark was the other's";
  EXPECT_EQ(made.error().code, Code::conflict);
}

TYPED_TEST(NetworkStore, WhereTheMarkCannotBeReadTheOutcomeIsUnknown) {
  std::atomic<bool> once = false;
  const typename TypeParam::Fake fake({}, [&](const io::HttpRequest& request) {
    if (this->writes(request)) return once.exchange(true) ? Fault::none : Fault::lost_reply;
    return Fault::denied;
  });
  const Status made = create(*this->open(fake), "mine");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::unavailable) << describe(made.error());
  EXPECT_NE(made.error().message.find("is ours is not known"), std::string::npos) << made.error().message;
}

TYPED_TEST(NetworkStore, AnAnswerThatComesTooLateDoesNotMakeTwoWriters) {
  std::atomic<bool> once = false;
  const typename TypeParam::Fake fake({}, [&](const io::HttpRequest& request) {
    if (this->writes(request) && !once.exchange(true)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return Fault::none;
  });
  StoreTuning impatient = hasty();
  impatient.reply_patience = Duration(60);
  EXPECT_TRUE(create(*this->open(fake, impatient), "mine").ok());
  // The first attempt arrives now, and finds it taken.
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_EQ(this->open(fake)->get("ledger/1").value_or("?"), "mine");
}

TYPED_TEST(NetworkStore, AServerThatStaysDownIsUnavailableWithinTheBudget) {
  const typename TypeParam::Fake fake({}, [](const io::HttpRequest&) { return Fault::slow_down; });
  const Status made = create(*this->open(fake), "mine");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::unavailable);
  EXPECT_NE(made.error().message.find(TypeParam::busy), std::string::npos) << made.error().message;
  EXPECT_EQ(fake.requests(), hasty().attempts_max);
}

TYPED_TEST(NetworkStore, WhereNobodyListensItIsSaidWhere) {
  std::string url;
  cloud::Variables environment;
  {
    const typename TypeParam::Fake fake;
    url = fake.url("p");
    environment = TypeParam::environment(fake);
  }
  const Opened store = TypeParam::open(url, environment, hasty());
  ASSERT_TRUE(store.ok());
  const Error error = (*store)->get("a").error();
  EXPECT_EQ(error.code, Code::unavailable) << "and never not_found: the object may be there";
  EXPECT_NE(error.message.find(TypeParam::where), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("endpoint"), std::string::npos);
}

TYPED_TEST(NetworkStore, ACopyWhoseAnswerWasLostIsMadeAgain) {
  for (const Fault fault : {Fault::slow_down, Fault::reset, Fault::lost_reply, Fault::late_error}) {
    std::atomic<int> written = 0;
    const typename TypeParam::Fake fake({}, [&](const io::HttpRequest& request) {
      return this->writes(request) && ++written == 2 ? fault : Fault::none;  // the first is the put
    });
    const std::unique_ptr<ObjectStore> store = this->open(fake);
    ASSERT_TRUE(store->put("from", "bytes", PutCondition::always).ok());
    EXPECT_EQ(store->copy_from(*store, "from", "to"), 5U);
    EXPECT_EQ(store->get("to").value_or("?"), "bytes");
  }
}

}  // namespace
}  // namespace tradewind::objectstore
