#include "edge/objectstore/azblob_store.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/hash.h"
#include "edge/objectstore/testing/fake_azblob.h"

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

std::unique_ptr<ObjectStore> open_at(const std::string& url, const cloud::Variables& environment,
                                     StoreTuning tuning = hasty()) {
  Result<std::unique_ptr<ObjectStore>> store = open_azblob_store(url, environment, tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return *std::move(store);
}

std::unique_ptr<ObjectStore> open(const FakeAzblob& fake, const std::string& prefix = "p",
                                  StoreTuning tuning = hasty()) {
  return open_at(fake.url(prefix), fake.environment(), tuning);
}

Status create(ObjectStore& store, std::string_view bytes) {
  return store.put("ledger/1", bytes, PutCondition::if_absent);
}

bool is_commit(const io::HttpRequest& request) {
  return request.method == "PUT" && request.target.find("comp=blocklist") != std::string::npos;
}

// That fault for the first list of blocks, none afterwards.
Faults fail_first_commit(Fault fault) {
  return [fault, done = std::make_shared<std::atomic<bool>>(false)](const io::HttpRequest& request) {
    return is_commit(request) && !done->exchange(true) ? fault : Fault::none;
  };
}

TEST(AzblobStore, AnObjectOfAnotherProgramIsNotOurs) {
  FakeAzblob* there = nullptr;
  std::atomic<bool> once = false;
  FakeAzblob fake({}, [&](const io::HttpRequest& request) {
    if (request.method != "PUT" || once.exchange(true)) return Fault::none;
    there->place("p/ledger/1", "mine");
    return Fault::reset;
  });
  there = &fake;
  EXPECT_EQ(create(*open(fake), "mine").error().code, Code::conflict);
}

TEST(AzblobStore, AClockThatDiffersIsCorrectedByTheServers) {
  for (const int hours : {-3, 1}) {
    FakeAzblobOptions options;
    options.clock_ahead = std::chrono::hours(hours);
    const FakeAzblob fake(options);
    const std::unique_ptr<ObjectStore> store = open(fake);
    const Status made = create(*store, "mine");
    EXPECT_TRUE(made.ok()) << describe(made.error());
    EXPECT_TRUE(store->get("ledger/1").ok());
    EXPECT_EQ(fake.requests(), 3);
  }
}

TEST(AzblobStore, AWrongKeyIsToldAndNotShown) {
  const FakeAzblob fake;
  cloud::Variables environment = fake.environment();
  environment["AZURE_STORAGE_KEY"] = io::base64("hunter2");
  const std::unique_ptr<ObjectStore> store = open_at(fake.url(), environment);
  for (const Error& error :
       {store->stat("a").error(), store->get("a").error(), create(*store, "x").error()}) {
    EXPECT_EQ(error.code, Code::unauthorized);
    EXPECT_NE(error.message.find("the key in AZURE_STORAGE_KEY is none of account 'acme1'"),
              std::string::npos)
        << error.message;
    EXPECT_EQ(describe(error).find(io::base64("hunter2")), std::string::npos);
  }
}

TEST(AzblobStore, ADenialNamesWhatWasAskedWith) {
  const FakeAzblob fake({}, [](const io::HttpRequest&) { return Fault::denied; });
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Error put = create(*store, "x").error();
  EXPECT_EQ(put.code, Code::unauthorized);
  EXPECT_NE(put.message.find("asked with the key in AZURE_STORAGE_KEY [request REQ1]"), std::string::npos)
      << put.message;
  EXPECT_NE(put.hint.find("Storage Blob Data Contributor"), std::string::npos);
  EXPECT_NE(store->get("a").error().hint.find("Storage Blob Data Reader"), std::string::npos);
  EXPECT_NE(store->list("", "").error().message.find("cannot list container 'runs'"), std::string::npos);
  EXPECT_EQ(store->remove("a").error().code, Code::unauthorized);
}

TEST(AzblobStore, AMissingContainerIsNoMissingObject) {
  const FakeAzblob fake;
  const auto store =
      open_at("azblob://nothere?account=acme1&endpoint=" + fake.endpoint(), fake.environment());
  for (const Error& error : {store->get("a").error(), store->stat("a").error(), store->list("", "").error(),
                             store->remove("a").error(), create(*store, "x").error()}) {
    EXPECT_EQ(error.code, Code::invalid_argument) << "not_found would make a ledger look empty";
    EXPECT_NE(error.message.find("there is no container 'nothere'"), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find("az storage container create"), std::string::npos);
  }
}

TEST(AzblobStore, ACreateThatASasMayNotRepeatIsAConflict) {
  FakeAzblobOptions options;
  options.refusal = "UnauthorizedBlobOverwrite";  // what a SAS that may create and not write is told
  FakeAzblob fake(options, fail_first("PUT", Fault::denied));
  EXPECT_EQ(create(*open(fake), "x").error().code, Code::conflict);
}

TEST(AzblobStore, ASasInTheUrlIsUsedAndNotShown) {
  FakeAzblobOptions options;
  options.sas = "sv=2021-08-06&sr=c&sp=rcwdl&se=2099-01-01T00%3A00%3A00Z&sig=hunter2%2B";
  const FakeAzblob fake(options);
  const auto store = open_at(fake.url("p") + "&" + options.sas, {});
  ASSERT_TRUE(create(*store, "x").ok());
  EXPECT_EQ(store->get("ledger/1").value_or("?"), "x");
  EXPECT_EQ(store->list("", "").value_or({}).objects.size(), 1U);
  EXPECT_EQ(store->url(), fake.url("p"));
  const auto expired = open_at(fake.url("p") + "&sv=2021-08-06&se=2020-01-01T00%3A00%3A00Z&sig=hunter2", {});
  const Error error = expired->get("a").error();
  EXPECT_NE(error.message.find("has expired, at 2020-01-01T00:00:00Z"), std::string::npos) << error.message;
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

TEST(AzblobStore, ASasDoesNotTravelInTheOpen) {
  const auto store =
      open_at("azblob://runs?account=acme1&endpoint=http://192.0.2.1:10000&sv=1&sig=hunter2", {});
  const Error error = store->get("a").error();
  EXPECT_EQ(error.code, Code::unauthorized);
  EXPECT_NE(error.message.find("without TLS"), std::string::npos) << error.message;
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
}

TEST(AzblobStore, ALargeObjectGoesInBlocksAndEndsWhole) {
  const std::string bytes(10'500, 'x');
  for (const PutCondition condition : {PutCondition::always, PutCondition::if_absent}) {
    const FakeAzblob fake;
    const std::unique_ptr<ObjectStore> store = open(fake);
    const Status put = store->put("big", bytes, condition);
    ASSERT_TRUE(put.ok()) << describe(put.error());
    EXPECT_EQ(fake.count("PUT /acme1/runs/p/big?blockid="), 11U);
    EXPECT_TRUE(store->get("big").value_or("") == bytes);
    EXPECT_EQ(store->put("big", bytes, PutCondition::if_absent).error().code, Code::conflict);
  }
}

TEST(AzblobStore, AListOfBlocksWhoseAnswerWasLostIsFoundDone) {
  const std::string bytes(5000, 'y');
  for (const Fault fault : {Fault::lost_reply, Fault::late_error}) {
    for (const PutCondition condition : {PutCondition::always, PutCondition::if_absent}) {
      const FakeAzblob fake({}, fail_first_commit(fault));
      const std::unique_ptr<ObjectStore> store = open(fake);
      const Status put = store->put("big", bytes, condition);
      EXPECT_TRUE(put.ok()) << describe(put.error());
      EXPECT_TRUE(store->get("big").value_or("") == bytes);
      EXPECT_EQ(fake.count("PUT /acme1/runs/p/big?comp=blocklist"), 2U);
    }
  }
}

TEST(AzblobStore, BlocksThatAnotherWriterDroppedAreSentAgain) {
  FakeAzblob* there = nullptr;
  std::atomic<bool> once = false;
  FakeAzblob fake({}, [&](const io::HttpRequest& request) {
    if (is_commit(request) && !once.exchange(true)) there->drop_blocks();
    return Fault::none;
  });
  there = &fake;
  const std::string bytes(5000, 'z');
  const std::unique_ptr<ObjectStore> store = open(fake);
  const Status put = store->put("big", bytes, PutCondition::always);
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_TRUE(store->get("big").value_or("") == bytes);
  EXPECT_EQ(fake.count("PUT /acme1/runs/p/big?blockid="), 10U);
}

TEST(AzblobStore, AnObjectThatOthersKeepReplacingIsUnavailable) {
  FakeAzblob* there = nullptr;
  FakeAzblob fake({}, [&](const io::HttpRequest& request) {
    if (is_commit(request)) there->drop_blocks();
    return Fault::none;
  });
  there = &fake;
  const Error error = open(fake)->put("big", std::string(5000, 'z'), PutCondition::always).error();
  EXPECT_EQ(error.code, Code::unavailable) << describe(error);
  EXPECT_NE(error.hint.find("another writer"), std::string::npos) << describe(error);
  EXPECT_EQ(fake.count("PUT /acme1/runs/p/big?comp=blocklist"), 3U);
}

TEST(AzblobStore, AnUploadThatFailsLeavesNothingToSee) {
  std::atomic<int> blocks = 0;
  const FakeAzblob fake({}, [&](const io::HttpRequest& request) {
    return request.target.ends_with("comp=block") && ++blocks == 3 ? Fault::denied : Fault::none;
  });
  const std::unique_ptr<ObjectStore> store = open(fake);
  EXPECT_EQ(store->put("big", std::string(5000, 'z'), PutCondition::always).error().code, Code::unauthorized);
  EXPECT_GT(fake.unlisted_blocks(), 0U) << "the server drops them after a week";
  EXPECT_EQ(store->get("big").error().code, Code::not_found);
  EXPECT_EQ(store->list("", "").value_or({}).objects.size(), 0U);
}

TEST(AzblobStore, BytesThatChangedInTheStoreAreCorrupt) {
  FakeAzblob fake;
  const std::unique_ptr<ObjectStore> store = open(fake);
  ASSERT_TRUE(store->put("a", "right", PutCondition::always).ok());
  ASSERT_TRUE(store->put("big", std::string(5000, 'r'), PutCondition::always).ok());
  fake.damage("p/a", "wrong");
  fake.damage("p/big", std::string(5000, 'w'));
  EXPECT_EQ(store->get("a").error().code, Code::corrupt);
  EXPECT_EQ(store->get("big").error().code, Code::corrupt) << "what went in blocks has its MD5 too";
}

TEST(AzblobStore, KeysOfOtherProgramsAreLeftOutOfListsAndPagesGoOn) {
  FakeAzblobOptions options;
  options.page_max = 2;
  FakeAzblob fake(options);
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

TEST(AzblobStore, APageThatFollowsAnotherBeginsWhereThatEnded) {
  FakeAzblobOptions options;
  options.page_max = 5000;
  FakeAzblob fake(options);
  for (int i = 100; i < 200; ++i) fake.place("p/" + std::to_string(i), "x");
  const std::unique_ptr<ObjectStore> store = open(fake);
  std::vector<std::string> seen;
  std::string after;
  for (bool more = true; more;) {
    const Result<ObjectPage> page = store->list("", after, 10);
    ASSERT_TRUE(page.ok()) << describe(page.error());
    for (const ObjectInfo& object : page->objects) seen.push_back(object.key);
    more = page->more;
    after = seen.back();
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(fake.requests(), 10);
  const std::vector<std::string> log = fake.log();
  for (std::size_t i = 1; i < log.size(); ++i) EXPECT_NE(log[i].find("marker="), std::string::npos) << log[i];
  EXPECT_EQ(open(fake)->list("", "189", 5).value_or({}).objects.at(4).key, "194") << "without a marker, too";
}

TEST(AzblobStore, TheNextOfAFewIsFoundWithoutReadingWhatStandsBeforeIt) {
  FakeAzblobOptions options;
  options.page_max = 5000;
  FakeAzblob fake(options);
  for (int job = 100; job < 140; ++job) {
    for (int i = 100; i < 200; ++i)
      fake.place("p/jobs/j-" + std::to_string(job) + "/chunks/" + std::to_string(i), "x");
    fake.place("p/jobs/j-" + std::to_string(job) + "/ledger/1", "x");
  }
  fake.place("p/jobs-of-others", "x");
  fake.place("p/jobz", "x");
  const std::unique_ptr<ObjectStore> store = open(fake);
  const auto next = [&](const std::string& prefix, const std::string& after, std::size_t limit) {
    std::string text;
    const Result<ObjectPage> page = store->list(prefix, after, limit);
    if (!page.ok()) return describe(page.error());
    for (const ObjectInfo& object : page->objects) text += object.key + " ";
    return text + (page->more ? "…" : ".");
  };
  EXPECT_EQ(next("jobs/", "jobs/j-110/zzzz", 1), "jobs/j-111/chunks/100 …");
  EXPECT_EQ(fake.requests(), 3) << "the job's folder, the folder of jobs, and the first of the next job";
  EXPECT_EQ(next("jobs/j-110/", "jobs/j-110/chunks/198", 3), "jobs/j-110/chunks/199 jobs/j-110/ledger/1 .");
  EXPECT_EQ(next("jobs/", "jobs/j-139/chunks/199", 2), "jobs/j-139/ledger/1 .");
  EXPECT_EQ(next("", "jobs/j-139/chunks/199", 2), "jobs/j-139/ledger/1 jobz .");
  EXPECT_EQ(next("jobs/j-11", "jobs/j-119/ledger/0", 2), "jobs/j-119/ledger/1 .");
  EXPECT_EQ(next("job", "jobs", 2), "jobs-of-others jobs/j-100/chunks/100 …");
  EXPECT_EQ(next("jobs/", "jobs/", 1), "jobs/j-100/chunks/100 …");
  EXPECT_EQ(next("jobs/", "jobt", 1), ".");
  EXPECT_EQ(next("jobs/", "job", 1), "jobs/j-100/chunks/100 …");
}

TEST(AzblobStore, AListInAnotherOrderIsAnError) {
  const auto list = [](const std::string& first, const std::string& second) {
    return "<Blob><Name>p/" + first +
           "</Name><Properties><Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified>"
           "<Content-Length>1</Content-Length></Properties></Blob><Blob><Name>p/" +
           second +
           "</Name><Properties><Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified>"
           "<Content-Length>1</Content-Length></Properties></Blob>";
  };
  cloud::ScriptedServer server;
  server = [&](const io::HttpRequest&) {
    return io::HttpResponse{
        200, {}, "<EnumerationResults><Blobs>" + list("a/b", "a-b") + "</Blobs></EnumerationResults>", {}};
  };
  const auto store = open_at("azblob://runs/p?account=acme1&endpoint=" + server.url(),
                             {{"AZURE_STORAGE_KEY", io::base64("k")}});
  const Error error = store->list("", "").error();
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_NE(error.message.find("hierarchical namespace"), std::string::npos) << error.message;
}

TEST(AzblobStore, TheEnvironmentSaysWhatTheUrlLeavesOut) {
  const FakeAzblob fake;
  cloud::Variables environment = fake.environment();
  environment["AZURE_STORAGE_ACCOUNT"] = "acme1";
  environment["AZURE_STORAGE_SERVICE_ENDPOINT"] = fake.endpoint();
  const auto store = open_at("azblob://runs/p", environment);
  EXPECT_EQ(store->url(), fake.url("p")) << "what travels with a receipt says where the store is";
  EXPECT_TRUE(create(*store, "x").ok());
  const cloud::Variables connected = {
      {"AZURE_STORAGE_CONNECTION_STRING", "AccountName=acme1;AccountKey=" + environment["AZURE_STORAGE_KEY"] +
                                              ";BlobEndpoint=" + fake.endpoint() + "/acme1;"}};
  const auto other = open_at("azblob://runs/p", connected);
  EXPECT_EQ(other->url(), fake.url("p"));
  EXPECT_EQ(other->get("ledger/1").value_or("?"), "x");
}

TEST(AzblobStore, AKeyThatItsPrefixMakesTooLongIsRefused) {
  const FakeAzblob fake;
  const std::unique_ptr<ObjectStore> store = open(fake, std::string(100, 'p'));
  EXPECT_EQ(store->get(std::string(1000, 'k')).error().code, Code::invalid_argument);
  EXPECT_EQ(fake.requests(), 0);
}

}  // namespace
}  // namespace tradewind::objectstore
