#include "edge/objectstore/gcs/gcs_store.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/hash.h"
#include "edge/objectstore/gcs/crc32c.h"
#include "edge/objectstore/registry.h"
#include "edge/objectstore/testing/fake_gcs.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t unit = std::size_t{256} << 10;

StoreTuning hasty() {
  StoreTuning tuning;
  tuning.delay_first = Duration(1);
  tuning.delay_max = Duration(4);
  tuning.multipart_from = 2 * unit;
  tuning.part_bytes = unit;
  tuning.parts_at_once = 1;
  return tuning;
}

std::unique_ptr<ObjectStore> open_at(const std::string& url, const cloud::Variables& environment = {},
                                     StoreTuning tuning = hasty()) {
  Result<std::unique_ptr<ObjectStore>> store = open_gcs_store(url, environment, tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return *std::move(store);
}

std::unique_ptr<ObjectStore> open(const FakeGcs& fake, const std::string& prefix = "p") {
  return open_at(fake.url(prefix));
}

Status create(ObjectStore& store, std::string_view bytes) {
  return store.put("ledger/1", bytes, PutCondition::if_absent);
}

TEST(GcsStore, AnObjectOfAnotherProgramIsNotOurs) {
  FakeGcs* there = nullptr;
  std::atomic<bool> begun = false;
  FakeGcs fake({}, [&](const io::HttpRequest& request) {
    if (request.method != "POST" || begun.exchange(true)) return Fault::none;
    there->place("p/ledger/1", "same bytes");
    return Fault::reset;
  });
  there = &fake;
  EXPECT_EQ(create(*open(fake), "same bytes").error().code, Code::conflict);
}

TEST(GcsStore, AMissingBucketIsNoMissingObject) {
  for (const bool says : {true, false}) {
    FakeGcsOptions options;
    options.says_what_is_missing = says;
    const FakeGcs fake(options);
    const auto store = open_at("gs://nothere?endpoint=" + fake.endpoint());
    for (const Error& error : {store->get("a").error(), store->stat("a").error(), store->list("", "").error(),
                               store->remove("a").error(), create(*store, "x").error()}) {
      EXPECT_EQ(error.code, Code::invalid_argument) << "not_found would make a ledger look empty";
      EXPECT_NE(error.message.find("there is no bucket 'nothere'"), std::string::npos) << error.message;
      EXPECT_NE(error.hint.find("gcloud storage buckets create gs://nothere"), std::string::npos);
    }
    EXPECT_EQ(open(fake)->get("a").error().code, Code::not_found);
    EXPECT_TRUE(open(fake)->remove("a").ok()) << "absent counts as removed";
  }
}

TEST(GcsStore, WhetherTheBucketIsMissingCannotAlwaysBeTold) {
  FakeGcsOptions options;
  options.says_what_is_missing = false;
  const FakeGcs fake(options, [](const io::HttpRequest& request) {
    return request.target.find("maxResults") == std::string::npos ? Fault::none : Fault::broken;
  });
  EXPECT_EQ(open(fake)->get("a").error().code, Code::unavailable);
}

TEST(GcsStore, ADenialNamesThePermissionAndTheCure) {
  const FakeGcs fake({}, [](const io::HttpRequest&) { return Fault::denied; });
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Error error = store->get("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("cannot read gs://runs/p/a: forbidden"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("[request REQ1]"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("storage.objects.get: gcloud storage buckets add-iam-policy-binding gs://runs"),
            std::string::npos)
      << error.hint;
  EXPECT_EQ(store->remove("a").error().code, Code::unauthorized);
}

TEST(GcsStore, WhoPaysIsSaidWithEachRequest) {
  FakeGcsOptions options;
  options.payer = "acme-billing";
  const FakeGcs fake(options);
  const std::unique_ptr<ObjectStore> store = open(fake);
  ASSERT_TRUE(create(*store, "x").ok());
  ASSERT_TRUE(store->put("big", std::string(3 * unit, 'x'), PutCondition::always).ok());
  EXPECT_EQ(store->get("ledger/1").value_or("?"), "x");
  EXPECT_TRUE(store->stat("ledger/1").ok());
  EXPECT_EQ(store->list("", "").value_or({}).objects.size(), 2U);
  EXPECT_TRUE(store->remove("big").ok());
  const Error error = open_at("gs://runs?endpoint=" + fake.endpoint())->get("a").error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.hint.find("add project=PROJECT to the URL"), std::string::npos) << describe(error);
}

TEST(GcsStore, ListsContinueBehindAnyKey) {
  FakeGcsOptions options;
  options.page_max = 3;
  FakeGcs fake(options);
  const std::unique_ptr<ObjectStore> store = open(fake);
  for (const char* key : {"a", "b", "c", "d", "e"}) fake.place(std::string("p/") + key, "x");
  fake.place("p/no\\key of ours", "x");
  fake.place("q/other", "x");
  const auto keys = [&](std::string_view after, std::size_t limit) {
    const Result<ObjectPage> page = store->list("", after, limit);
    EXPECT_TRUE(page.ok());
    std::string text;
    for (const ObjectInfo& object : page->objects) text += object.key;
    return text + (page->more ? "+" : "");
  };
  EXPECT_EQ(keys("", 2), "ab+");
  EXPECT_EQ(keys("b", 2), "cd+") << "behind a key that is there";
  EXPECT_EQ(keys("bb", 2), "cd+") << "behind one that is not";
  EXPECT_EQ(keys("a", 100), "bcde");
  EXPECT_EQ(keys("e", 100), "");
  EXPECT_EQ(keys("z", 100), "");
  EXPECT_EQ(keys("", 0), "+");
}

TEST(GcsStore, WhatDiffersFromItsSumIsReadAgainAndThenCalledCorrupt) {
  FakeGcs fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  ASSERT_TRUE(store->put("a", "bytes", PutCondition::always).ok());
  fake.damage("p/a", "bytez");
  const Error error = store->get("a").error();
  EXPECT_EQ(error.code, Code::corrupt);
  EXPECT_NE(error.message.find("differs from its checksum, twice"), std::string::npos);
  EXPECT_EQ(fake.count("GET"), 2U);
  EXPECT_EQ(store->get("a", {0, 3}).value_or("?"), "byt") << "a part has no sum of its own";
}

TEST(GcsStore, AnObjectThatTheServerUnpacksIsNotHeldAgainstItsSum) {
  cloud::ScriptedServer server;
  server = [](const io::HttpRequest&) {
    return io::HttpResponse{200,
                            {{"x-goog-hash", "crc32c=AAAAAA=="}, {"x-goog-stored-content-encoding", "gzip"}},
                            "unpacked",
                            {}};
  };
  EXPECT_EQ(open_at("gs://runs?endpoint=" + server.url())->get("a").value_or("?"), "unpacked");
}

TEST(GcsStore, IsOpenedByItsUrls) {
  for (const char* url : {"gs://runs/a", "gcs://runs/a", "https://storage.googleapis.com/runs/a"}) {
    const Result<std::unique_ptr<ObjectStore>> store = open_store(url);
    ASSERT_TRUE(store.ok()) << describe(store.error());
    EXPECT_TRUE((*store)->url().starts_with("gs://runs/a")) << (*store)->url();
  }
  EXPECT_EQ(open_store("gs://Runs").error().code, Code::invalid_argument);
}

// A machine that gives one token after the other.
class TokenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    machine_ = [this](const io::HttpRequest& request) {
      const bool email = request.target.ends_with("/email");
      const std::string token = "hunter" + std::to_string(email ? 0 : ++tokens_);
      return io::HttpResponse{200,
                              {{"Metadata-Flavor", "Google"}},
                              email ? "vm@acme.iam.gserviceaccount.com"
                                    : R"({"access_token":")" + token + R"(","expires_in":3600})",
                              {}};
    };
    environment_ = {{"GCE_METADATA_HOST", machine_.url().substr(7)}};
  }
  static FakeGcsOptions with_token() {
    FakeGcsOptions options;
    options.token = "hunter1";
    return options;
  }

  std::atomic<int> tokens_ = 0;
  cloud::Variables environment_;
  cloud::ScriptedServer machine_;
};

TEST_F(TokenTest, ATokenThatEndsInTheMiddleIsReplaced) {
  FakeGcs* there = nullptr;
  std::atomic<int> chunks = 0;
  FakeGcs fake(with_token(), [&](const io::HttpRequest& request) {
    if (request.method == "PUT" && ++chunks == 2) there->take_token("hunter2");
    return Fault::none;
  });
  there = &fake;
  const auto store = open_at(fake.url("p") + "&anonymous=no", environment_);
  const std::string bytes = io::random_bytes(3 * unit);
  const Status put = store->put("big", bytes, PutCondition::if_absent);
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes);
  EXPECT_EQ(tokens_, 2);
  EXPECT_EQ(fake.bytes_of_chunks(), bytes.size()) << "a refused chunk is no chunk";
  fake.take_token("hunter3");
  EXPECT_TRUE(store->get("big").ok());
  EXPECT_EQ(tokens_, 3);
}

TEST_F(TokenTest, ATokenThatIsNeverTakenIsToldAndNotShown) {
  FakeGcs fake(with_token());
  fake.take_token("another's");
  const Error error = open_at(fake.url("p") + "&anonymous=no", environment_)->get("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("this machine's service account vm@acme"), std::string::npos) << error.message;
  EXPECT_EQ(describe(error).find("hunter"), std::string::npos) << describe(error);
  EXPECT_EQ(tokens_, 2) << "one is fetched anew, once";
}

TEST_F(TokenTest, ATokenDoesNotTravelInTheOpen) {
  const Error error =
      open_at("gs://runs?endpoint=http://192.0.2.1:4443&anonymous=no", environment_)->get("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("without TLS"), std::string::npos) << error.message;
}

TEST_F(TokenTest, ManyThreadsFetchOneToken) {
  FakeGcs fake(with_token());
  const auto store = open_at(fake.url("p") + "&anonymous=no", environment_);
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&store, i] { EXPECT_TRUE(store->put("a" + std::to_string(i), "x", PutCondition::always).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tokens_, 1);
}

// A write of Google's documentation: the draft, then the bytes, under its condition.
TEST(GcsStore, TheRequestsAreThoseOfTheDocumentation) {
  cloud::ScriptedServer server;
  server = [](const io::HttpRequest&) { return io::HttpResponse{200, {}, "{}", {}}; };
  const auto store = open_at("gs://runs/p?endpoint=" + server.url());
  ASSERT_TRUE(create(*store, "123456789").ok());
  ASSERT_TRUE(store->remove("a/b").ok());
  (void)store->list("x", "y", 10);
  (void)store->get("a/b", {5, 5});
  const std::vector<io::HttpRequest> asked = server.asked();
  ASSERT_EQ(asked.size(), 4U);
  EXPECT_EQ(asked[0].method + " " + asked[0].target,
            "POST /upload/storage/v1/b/runs/o?fields=name&ifGenerationMatch=0&uploadType=multipart");
  EXPECT_NE(asked[0].body.find(R"({"name":"p/ledger/1","contentType":"application/octet-stream",)"
                               R"("crc32c":"4waSgw==","metadata":{"tradewind-write":")"),
            std::string::npos)
      << asked[0].body;
  EXPECT_EQ(asked[1].method + " " + asked[1].target, "DELETE /storage/v1/b/runs/o/p%2Fa%2Fb");
  EXPECT_EQ(asked[2].target,
            "/storage/v1/b/runs/o?fields=items%28name%2Csize%2Cupdated%29%2CnextPageToken&maxResults=11"
            "&prefix=p%2Fx&startOffset=p%2Fy");
  EXPECT_EQ(asked[3].target, "/storage/v1/b/runs/o/p%2Fa%2Fb?alt=media");
  EXPECT_EQ(io::header_of(asked[3].headers, "Range"), "bytes=5-9");
}

class GcsUploadTest : public ::testing::TestWithParam<PutCondition> {
 protected:
  const std::string bytes_ = io::random_bytes(7 * unit / 2);  // three chunks and a half
};
INSTANTIATE_TEST_SUITE_P(BothConditions, GcsUploadTest,
                         ::testing::Values(PutCondition::always, PutCondition::if_absent));

TEST_P(GcsUploadTest, ALargeObjectGoesInChunksAndEndsWhole) {
  const FakeGcs fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Status put = store->put("big", bytes_, GetParam());
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_EQ(fake.count("PUT /upload/storage/v1/b/runs/o?uploadType=resumable&upload_id="), 4U);
  EXPECT_TRUE(store->get("big").value_or("") == bytes_);
  EXPECT_EQ(fake.open_sessions(), 0U);
  EXPECT_EQ(store->put("big", bytes_, PutCondition::if_absent).error().code, Code::conflict);
  EXPECT_EQ(fake.count("PUT"), 4U) << "no byte is sent where the object is there";
}

TEST_P(GcsUploadTest, AfterACutTheRestIsSentAndNotAll) {
  FakeGcs fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  fake.break_next_chunk(unit / 2);
  const Status put = store->put("big", bytes_, GetParam());
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes_);
  EXPECT_EQ(fake.bytes_of_chunks(), bytes_.size() + unit / 2) << "half a chunk came twice";
}

TEST_P(GcsUploadTest, EachFaultOfEachRequestIsSurvived) {
  for (const Fault fault :
       {Fault::slow_down, Fault::broken, Fault::reset, Fault::lost_reply, Fault::late_error}) {
    for (int which = 0; which < 5; ++which) {
      auto number = std::make_shared<std::atomic<int>>(0);
      const FakeGcs fake({}, [=](const io::HttpRequest& request) {
        const bool sends = request.method == "PUT" || request.method == "POST";
        return sends && (*number)++ == which ? fault : Fault::none;
      });
      const std::unique_ptr<ObjectStore> store = open(fake);
      const Status put = store->put("big", bytes_, GetParam());
      ASSERT_TRUE(put.ok()) << "request " << which << ": " << describe(put.error());
      EXPECT_TRUE(store->get("big").value_or("") == bytes_) << which;
    }
  }
}

TEST_P(GcsUploadTest, ALostSessionBeginsAnew) {
  FakeGcs* there = nullptr;
  std::atomic<int> chunks = 0;
  FakeGcs fake({}, [&](const io::HttpRequest& request) {
    if (request.method == "PUT" && ++chunks == 3) there->forget_sessions();
    return Fault::none;
  });
  there = &fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Status put = store->put("big", bytes_, GetParam());
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes_);
  EXPECT_EQ(fake.count("POST"), 2U);
}

TEST_P(GcsUploadTest, SessionsThatAreAlwaysLostAreUnavailable) {
  FakeGcs* there = nullptr;
  FakeGcs fake({}, [&](const io::HttpRequest& request) {
    if (request.method == "PUT") there->forget_sessions();
    return Fault::none;
  });
  there = &fake;
  const Error error = open(fake)->put("big", bytes_, GetParam()).error();
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_NE(error.message.find("loses what is sent"), std::string::npos) << error.message;
  EXPECT_EQ(fake.count("POST"), 3U);
}

TEST_P(GcsUploadTest, BytesThatChangedOnTheWayAreSentAgain) {
  FakeGcs fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  fake.garble_next_chunk();
  const Status put = store->put("big", bytes_, GetParam());
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes_);
}

TEST_P(GcsUploadTest, AServerThatIsDownForGoodIsUnavailableWithinTheBudget) {
  const FakeGcs fake({}, [](const io::HttpRequest& request) {
    return request.method == "PUT" ? Fault::broken : Fault::none;
  });
  const Error error = open(fake)->put("big", bytes_, GetParam()).error();
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(fake.count("PUT"), static_cast<std::size_t>(hasty().attempts_max));
}

TEST(GcsUpload, WhoeverEndsFirstMadeTheObject) {
  FakeGcs* there = nullptr;
  std::atomic<int> chunks = 0;
  FakeGcs fake({}, [&](const io::HttpRequest& request) {
    if (request.method == "PUT" && ++chunks == 2) there->place("p/ledger/1", "the other's");
    return Fault::none;
  });
  there = &fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  EXPECT_EQ(create(*store, std::string(3 * unit, 'x')).error().code, Code::conflict);
  EXPECT_EQ(store->get("ledger/1").value_or("?"), "the other's");
}

TEST(GcsUpload, ACreateWhoseSessionIsGoneAfterItsEndIsKnownAsOurs) {
  FakeGcs* there = nullptr;
  std::atomic<int> chunks = 0;
  // The last chunk arrives, its answer is lost, and then the session too.
  FakeGcs fake({}, [&](const io::HttpRequest& request) {
    if (request.method != "PUT") return Fault::none;
    const int number = ++chunks;
    if (number == 4) there->forget_sessions();
    return number == 3 ? Fault::lost_reply : Fault::none;
  });
  there = &fake;
  const Status made = create(*open(fake), std::string(3 * unit, 'x'));
  EXPECT_TRUE(made.ok()) << describe(made.error());
}

TEST(GcsUpload, AServerThatCountsWronglyIsNotBelieved) {
  cloud::ScriptedServer server;
  for (const char* range : {"bytes=0-99999999", "bytes=7-9", "five"}) {
    server = [&](const io::HttpRequest& request) {
      if (request.method == "POST") {
        return io::HttpResponse{200, {{"Location", "https://storage.googleapis.com/up?id=1"}}, "", {}};
      }
      return io::HttpResponse{308, {{"Range", range}}, "", {}};
    };
    const auto store = open_at("gs://runs?endpoint=" + server.url());
    const Error error = store->put("big", std::string(3 * unit, 'x'), PutCondition::always).error();
    EXPECT_EQ(error.code, Code::corrupt) << describe(error);
  }
  EXPECT_EQ(server.asked().back().target, "/up?id=1") << "at the store's own server, whatever host is named";
}

TEST(GcsUpload, AnUploadThatDoesNotGetOnEnds) {
  cloud::ScriptedServer server;
  for (const bool all : {true, false}) {
    server = [&](const io::HttpRequest& request) {
      if (request.method == "POST") {
        return io::HttpResponse{200, {{"Location", "https://storage.googleapis.com/up?id=1"}}, "", {}};
      }
      return io::HttpResponse{
          308, {{"Range", "bytes=0-" + std::to_string((all ? 3 * unit : unit) - 1)}}, "", {}};
    };
    const auto store = open_at("gs://runs?endpoint=" + server.url());
    const Error error = store->put("big", std::string(3 * unit, 'x'), PutCondition::always).error();
    EXPECT_EQ(error.code, Code::unavailable) << describe(error);
    EXPECT_NE(error.message.find("does not get on"), std::string::npos);
  }
}

TEST(GcsUpload, ABeginningWithoutAPlaceIsCorrupt) {
  cloud::ScriptedServer server;
  server = [](const io::HttpRequest&) { return io::HttpResponse{200, {}, "", {}}; };
  const auto store = open_at("gs://runs?endpoint=" + server.url());
  EXPECT_EQ(store->put("big", std::string(3 * unit, 'x'), PutCondition::always).error().code, Code::corrupt);
}

}  // namespace
}  // namespace tradewind::objectstore
