#include "edge/objectstore/s3_store.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>

#include "edge/io/hash.h"
#include "edge/objectstore/testing/fake_s3.h"

namespace tradewind::objectstore {
namespace {

StoreTuning hasty() {
  StoreTuning tuning;
  tuning.delay_first = Duration(1);
  tuning.delay_max = Duration(4);
  tuning.multipart_from = 4000;
  tuning.part_bytes = 1000;
  return tuning;
}

std::unique_ptr<ObjectStore> open(const FakeS3& fake, const std::string& prefix = "p",
                                  StoreTuning tuning = hasty()) {
  Result<std::unique_ptr<ObjectStore>> store = open_s3_store(fake.url(prefix), fake.environment(), tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return *std::move(store);
}

Status create(ObjectStore& store, std::string_view bytes) {
  return store.put("ledger/1", bytes, PutCondition::if_absent);
}

TEST(S3Store, WhereMarksAreNotKeptContentsDecide) {
  FakeS3Options forgetful;
  forgetful.keeps_metadata = false;
  const FakeS3 fake(forgetful, fail_first("PUT", Fault::lost_reply));
  EXPECT_TRUE(create(*open(fake), "mine").ok());
  FakeS3* there = nullptr;
  std::atomic<bool> once = false;
  FakeS3 other(forgetful, [&](const io::HttpRequest& request) {
    if (request.method != "PUT" || once.exchange(true)) return Fault::none;
    there->place("p/ledger/1", "theirs");
    return Fault::reset;
  });
  there = &other;
  EXPECT_EQ(create(*open(other), "mine").error().code, Code::conflict);
}

TEST(S3Store, ARaceThatTheServerCouldNotDecideIsRepeated) {
  const FakeS3 fake({}, fail_first("PUT", Fault::race));
  EXPECT_TRUE(create(*open(fake), "mine").ok());
  EXPECT_EQ(fake.count("PUT"), 2U);
}

TEST(S3Store, ABucketElsewhereIsFollowedToItsRegionOnce) {
  FakeS3Options options;
  options.region = "eu-west-1";
  const FakeS3 fake(options);
  const std::string url = "s3://bucket?endpoint=" + fake.endpoint();  // says no region
  const std::unique_ptr<ObjectStore> store = *open_s3_store(url, fake.environment(), hasty());
  ASSERT_TRUE(store->put("a", "x", PutCondition::always).ok());
  EXPECT_EQ(fake.requests(), 2);
  ASSERT_TRUE(store->put("b", "x", PutCondition::always).ok());
  EXPECT_EQ(fake.requests(), 3) << "it is remembered";
  EXPECT_EQ(store->url(), url) << "and the URL stays what it was";
}

TEST(S3Store, ABucketElsewhereThatDoesNotSayWhereIsAnErrorWithTheCure) {
  FakeS3Options options;
  options.region = "eu-west-1";
  options.names_region = false;
  const FakeS3 fake(options);
  const auto store = *open_s3_store("s3://bucket?endpoint=" + fake.endpoint(), fake.environment(), hasty());
  const Error error = store->get("a").error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.message.find("us-east-1"), std::string::npos) << error.message;
  EXPECT_EQ(error.hint, "add region=REGION to the URL");
}

TEST(S3Store, AClockThatDiffersIsCorrectedByTheServers) {
  for (const int hours : {-3, 1}) {
    FakeS3Options options;
    options.clock_ahead = std::chrono::hours(hours);
    const FakeS3 fake(options);
    const std::unique_ptr<ObjectStore> store = open(fake);
    const Status made = create(*store, "mine");
    EXPECT_TRUE(made.ok()) << describe(made.error());
    EXPECT_TRUE(store->get("ledger/1").ok());
    EXPECT_EQ(fake.requests(), 3);
  }
}

TEST(S3Store, AnExpiredSessionSaysSoAndIsTriedAnewOnce) {
  FakeS3Options options;
  options.session_token = "new";
  const FakeS3 fake(options);
  cloud::Variables environment = fake.environment();
  environment["AWS_SESSION_TOKEN"] = "old";
  const Error error = (*open_s3_store(fake.url(), environment, hasty()))->get("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("the session of AKFAKE (from the environment) has expired"), std::string::npos)
      << error.message;
  EXPECT_EQ(fake.requests(), 2);
}

TEST(S3Store, ADenialNamesWhoAskedAndTheRightThatIsMissing) {
  const FakeS3 fake({}, [](const io::HttpRequest&) { return Fault::denied; });
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Error put = create(*store, "x").error();
  EXPECT_EQ(put.code, Code::unauthorized);
  EXPECT_NE(put.message.find("AKFAKE (from the environment)"), std::string::npos) << put.message;
  EXPECT_NE(put.message.find("region us-east-1"), std::string::npos);
  EXPECT_NE(put.message.find("[request REQ1]"), std::string::npos);
  EXPECT_EQ(put.hint, "allow it s3:PutObject on arn:aws:s3:::bucket/p/ledger/1");
  EXPECT_NE(store->get("a").error().hint.find("s3:GetObject"), std::string::npos);
  EXPECT_NE(store->stat("a").error().hint.find("s3:GetObject"), std::string::npos);
  EXPECT_NE(store->list("", "").error().hint.find("s3:ListBucket on arn:aws:s3:::bucket"), std::string::npos);
  EXPECT_NE(store->remove("a").error().hint.find("s3:DeleteObject"), std::string::npos);
}

TEST(S3Store, AWrongSecretIsToldAndNotShown) {
  const FakeS3 fake;
  cloud::Variables environment = fake.environment();
  environment["AWS_SECRET_ACCESS_KEY"] = "hunter2";
  const Error error = (*open_s3_store(fake.url(), environment, hasty()))->stat("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("secret does not belong to the access key AKFAKE"), std::string::npos)
      << error.message;
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
  environment["AWS_ACCESS_KEY_ID"] = "AKOTHER";
  const Error other = (*open_s3_store(fake.url(), environment, hasty()))->get("a").error();
  EXPECT_NE(other.message.find("does not know the access key AKOTHER"), std::string::npos) << other.message;
}

TEST(S3Store, AMissingBucketIsNoMissingObject) {
  const FakeS3 fake;
  const auto store =
      *open_s3_store("s3://no-bucket?endpoint=" + fake.endpoint(), fake.environment(), hasty());
  for (const Error& error : {store->get("a").error(), store->stat("a").error(), store->list("", "").error(),
                             store->remove("a").error(), create(*store, "x").error()}) {
    EXPECT_EQ(error.code, Code::invalid_argument) << "not_found would make a ledger look empty";
    EXPECT_NE(error.message.find("there is no bucket 'no-bucket'"), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find("aws s3 mb"), std::string::npos);
  }
}

TEST(S3Store, AStoreThatCannotCreateConditionallySaysWhatItIsUnfitFor) {
  FakeS3Options options;
  options.knows_if_none_match = false;
  const FakeS3 fake(options);
  const Error error = create(*open(fake), "x").error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.hint.find("holds no ledger"), std::string::npos) << describe(error);
}

TEST(S3Store, ALargeObjectGoesInPartsAndEndsWhole) {
  const std::string bytes(10'500, 'x');
  const FakeS3 fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Status put = store->put("big", bytes, PutCondition::always);
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_EQ(fake.count("PUT /bucket/p/big?partNumber="), 11U);
  EXPECT_TRUE(store->get("big").value_or("") == bytes);
  EXPECT_EQ(fake.unfinished_uploads(), 0U);
}

TEST(S3Store, ACompletionWhoseAnswerWasLostIsFoundDone) {
  std::atomic<bool> once = false;
  const FakeS3 fake({}, [&](const io::HttpRequest& request) {
    const bool completes = request.method == "POST" && request.target.find("uploadId") != std::string::npos;
    return completes && !once.exchange(true) ? Fault::lost_reply : Fault::none;
  });
  const std::string bytes(5000, 'y');
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Status put = store->put("big", bytes, PutCondition::always);
  EXPECT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes);
}

TEST(S3Store, AnUploadThatFailsIsAbortedAndNothingIsSeen) {
  const FakeS3 fake({}, [](const io::HttpRequest& request) {
    return request.target.find("partNumber=3") != std::string::npos ? Fault::denied : Fault::none;
  });
  const std::unique_ptr<ObjectStore> store = open(fake);
  EXPECT_EQ(store->put("big", std::string(5000, 'z'), PutCondition::always).error().code, Code::unauthorized);
  EXPECT_EQ(fake.unfinished_uploads(), 0U);
  EXPECT_EQ(store->get("big").error().code, Code::not_found);
}

TEST(S3Store, BytesThatChangedInTheStoreAreCorrupt) {
  FakeS3 fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  ASSERT_TRUE(store->put("a", "right", PutCondition::always).ok());
  fake.damage("p/a", "wrong");
  EXPECT_EQ(store->get("a").error().code, Code::corrupt);
  FakeS3Options options;
  options.gives_checksums = true;
  FakeS3 summing(options);
  const std::unique_ptr<ObjectStore> summed = open(summing);
  ASSERT_TRUE(summed->put("a", "right", PutCondition::always).ok());
  EXPECT_EQ(summed->get("a").value_or("?"), "right");
}

TEST(S3Store, KeysOfOtherProgramsAreLeftOutOfListsAndPagesGoOn) {
  FakeS3Options options;
  options.page_max = 2;
  FakeS3 fake(options);
  for (const char* key : {"p/a\\b", "p/c", "p/folder/", "p/g//h", "p/k", "p-not-ours", "q"})
    fake.place(key, "x");
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Result<ObjectPage> page = store->list("", "");
  ASSERT_TRUE(page.ok()) << describe(page.error());
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "c");
  EXPECT_EQ(page->objects[1].key, "k");
  EXPECT_EQ(page->left_out, (std::vector<std::string>{"a\\b", "folder/", "g//h"}));
  EXPECT_FALSE(page->more);
  EXPECT_TRUE(store->list("", "", 1)->more);
}

TEST(S3Store, TheEnvironmentAndTheProfileSayWhatTheUrlLeavesOut) {
  const FakeS3 fake;
  cloud::Variables environment = fake.environment();
  environment["AWS_ENDPOINT_URL"] = "http://wrong:1";
  environment["AWS_ENDPOINT_URL_S3"] = fake.endpoint();
  environment["AWS_DEFAULT_REGION"] = "us-east-1";
  const auto store = *open_s3_store("s3://bucket/p", environment, hasty());
  EXPECT_EQ(store->url(), fake.url("p")) << "what travels with a receipt says where the store is";
  EXPECT_TRUE(create(*store, "x").ok());
  environment["AWS_ENDPOINT_URL_S3"] = "nonsense";
  const auto wrong = open_s3_store("s3://bucket/p", environment);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("AWS_ENDPOINT_URL_S3"), std::string::npos);
}

TEST(S3Store, AKeyThatItsPrefixMakesTooLongIsRefused) {
  const FakeS3 fake;
  const std::unique_ptr<ObjectStore> store = open(fake, std::string(100, 'p'));
  EXPECT_EQ(store->get(std::string(1000, 'k')).error().code, Code::invalid_argument);
  EXPECT_EQ(fake.requests(), 0);
}

// ---- copies by the server

TEST(S3CopyTest, OneThatFailsAfterItsAnswerBeganIsNone) {
  FakeS3 fake({.breaks_copies = true});
  const auto store = open_s3_store(fake.url("a"), fake.environment());
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->put("from", "bytes", PutCondition::always).ok());
  EXPECT_EQ((*store)->copy_from(**store, "from", "to"), std::nullopt);
}

TEST(S3CopyTest, TheBytesDoNotComeHere) {
  FakeS3 fake;
  const auto from = open_s3_store(fake.url("a"), fake.environment());
  const auto to = open_s3_store(fake.url("b"), fake.environment());
  ASSERT_TRUE(from.ok() && to.ok());
  ASSERT_TRUE((*from)->put("from", "bytes", PutCondition::always).ok());
  EXPECT_EQ((*to)->copy_from(**from, "from", "to"), 5U);
  EXPECT_EQ(fake.count("GET"), 0U);
  EXPECT_EQ((*to)->get("to").value_or("?"), "bytes");
}

TEST(S3CopyTest, WhatAnotherServerHoldsIsNotAskedFor) {
  FakeS3 here;
  FakeS3 there;
  const auto to = open_s3_store(here.url(), here.environment());
  const auto from = open_s3_store(there.url(), there.environment());
  ASSERT_TRUE(from.ok() && to.ok());
  ASSERT_TRUE((*from)->put("from", "bytes", PutCondition::always).ok());
  EXPECT_EQ((*to)->copy_from(**from, "from", "to"), std::nullopt);
  EXPECT_EQ(here.requests(), 0);
  EXPECT_EQ(there.requests(), 1);
}

// What was put in parts has no checksum of its whole: it is read and proved on its way.
TEST(S3CopyTest, WhatHasNoChecksumOfItsWholeIsNotCopied) {
  FakeS3 fake;
  StoreTuning in_parts;
  in_parts.multipart_from = 1;
  const auto store = open_s3_store(fake.url(), fake.environment(), in_parts);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->put("from", "bytes", PutCondition::always).ok());
  EXPECT_EQ((*store)->copy_from(**store, "from", "to"), std::nullopt);
}

TEST(S3Store, AUrlToReadOneObjectHoldsItsSignatureAndNoKey) {
  const cloud::Variables environment = {{"AWS_ACCESS_KEY_ID", "AKID"},
                                        {"AWS_SECRET_ACCESS_KEY", "hunter2"},
                                        {"AWS_SESSION_TOKEN", "session/1"},
                                        {"AWS_EC2_METADATA_DISABLED", "true"}};
  const Result<std::string> url =
      s3_read_url("s3://runs/p?region=eu-west-1", environment, "agents/a b", std::chrono::hours(2));
  ASSERT_TRUE(url.ok()) << describe(url.error());
  const std::string place = "https://runs.s3.eu-west-1.amazonaws.com/p/agents/a%20b?";
  ASSERT_TRUE(url->starts_with(place)) << *url;
  EXPECT_EQ(url->find("hunter2"), std::string::npos);
  EXPECT_NE(url->find("&X-Amz-Expires=7200&"), std::string::npos);
  EXPECT_NE(url->find("&X-Amz-Security-Token=session%2F1&"), std::string::npos);
  const std::string at = url->substr(url->find("X-Amz-Date=") + 11, 16);
  const Time signed_at = *parse_utc(at.substr(0, 4) + "-" + at.substr(4, 2) + "-" + at.substr(6, 5) + ":" +
                                    at.substr(11, 2) + ":" + at.substr(13, 2) + "Z");
  EXPECT_EQ(*url,
            place + cloud::sigv4_presigned_query({"GET", "runs.s3.eu-west-1.amazonaws.com", "/p/agents/a%20b",
                                                  "session/1", std::chrono::hours(2)},
                                                 {"AKID", "hunter2", "eu-west-1"}, signed_at));
  EXPECT_FALSE(s3_read_url("s3://runs/p", environment, "../x", std::chrono::hours(2)).ok());
}

}  // namespace
}  // namespace tradewind::objectstore
