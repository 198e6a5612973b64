#include "edge/sealing/job_store.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/prefix_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/sealing/job_seal.h"

namespace tradewind::sealing {

using objectstore::make_memory_store;
using objectstore::ObjectStore;
using objectstore::PrefixStore;
using objectstore::PutCondition;

namespace {

const std::string prefix = "tradewind/o-1/jobs/j-1/";
const std::string chunk = "chunks/aa/" + std::string(64, 'a');

// So short that the suite's longest keys are no longer than keys may be.
const std::string short_prefix = "j/";

// A job's part of a store, as its own see it. Two connections share the store beneath and the key.
class Part final : public ObjectStore {
 public:
  Part(std::shared_ptr<ObjectStore> inner, const DataKey& key)
      : inner_(std::move(inner)), view_(*inner_, short_prefix, key), part_(view_, short_prefix) {}
  std::string url() const override { return part_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    return part_.put(key, bytes, condition);
  }
  Result<std::string> get(std::string_view key, objectstore::ByteRange range) override {
    return part_.get(key, range);
  }
  Result<objectstore::ObjectInfo> stat(std::string_view key) override { return part_.stat(key); }
  Result<objectstore::ObjectPage> list(std::string_view below, std::string_view after,
                                       std::size_t limit) override {
    return part_.list(below, after, limit);
  }
  Status remove(std::string_view key) override { return part_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return part_.remove_if_older(key, limit);
  }

 private:
  std::shared_ptr<ObjectStore> inner_;
  JobStore view_;
  PrefixStore part_;
};

}  // namespace
}  // namespace tradewind::sealing

namespace tradewind::objectstore {

INSTANTIATE_TEST_SUITE_P(SealedJob, ObjectStoreConformance,
                         testing::Values(conformance_case(
                             "sealed_job",
                             [] {
                               std::shared_ptr<ObjectStore> store = make_memory_store();
                               return [store, key = sealing::DataKey::fresh()] {
                                 return std::make_shared<sealing::Part>(store, key);
                               };
                             },
                             false)));

}  // namespace tradewind::objectstore

namespace tradewind::sealing {
namespace {

Code code_of(const Status& status) {
  return status.ok() ? Code::internal : status.error().code;
}
template <class T>
Code code_of(const Result<T>& result) {
  return result.ok() ? Code::internal : result.error().code;
}

UserKey user_key(char letter) {
  return {SecretBytes(std::string(32, letter)), false, std::string("key ") + letter};
}
AskForKey gives(const UserKey& key) {
  return [key] { return Result(std::optional(key)); };
}
AskForKey gives_none() {
  return [] { return Result(std::optional<UserKey>()); };
}

class JobStoreTest : public testing::Test {
 protected:
  static std::vector<std::string> keys_in(ObjectStore& store, const std::string& below = "") {
    std::vector<std::string> keys;
    const auto page = store.list(below, "");
    EXPECT_TRUE(page.ok());
    for (const objectstore::ObjectInfo& object : page->objects) keys.push_back(object.key);
    return keys;
  }

  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  std::unique_ptr<ObjectStore> further_ = make_memory_store();
  ManualClock clock_{Time()};
};

TEST_F(JobStoreTest, SealsWhatIsBelowTheJobAndNothingElse) {
  JobStore store(*inner_, prefix, DataKey::fresh());
  ASSERT_TRUE(store.put(prefix + "ledger/00000001", "the claim", PutCondition::if_absent).ok());
  ASSERT_TRUE(store.put(prefix + chunk, "weights", PutCondition::always).ok());
  ASSERT_TRUE(store.put("tradewind/o-1/jobs/j-2/spec.json", "another's", PutCondition::always).ok());
  EXPECT_EQ(inner_->get("tradewind/o-1/jobs/j-2/spec.json").value_or("?"), "another's");
  for (const std::string& key : keys_in(*inner_, prefix)) {
    EXPECT_TRUE(key.starts_with(prefix + "sealed/")) << key;
    EXPECT_EQ(key.find(std::string(64, 'a')), std::string::npos) << "the digest shows in " << key;
    const std::string bytes = inner_->get(key).value_or("");
    EXPECT_EQ(bytes.find("weights"), std::string::npos);
    EXPECT_EQ(bytes.find("claim"), std::string::npos);
  }
  EXPECT_EQ(keys_in(store, prefix + "chunks/"), std::vector<std::string>{prefix + chunk});
  EXPECT_EQ(code_of(store.put(prefix + "ledger/00000001", "a second", PutCondition::if_absent)),
            Code::conflict);
}

TEST_F(JobStoreTest, AListThatBeginsAboveTheJobIsRefused) {
  JobStore store(*inner_, prefix, DataKey::fresh());
  EXPECT_EQ(code_of(store.list("tradewind/", "")), Code::invalid_argument);
  EXPECT_EQ(code_of(store.list("", "")), Code::invalid_argument);
  EXPECT_TRUE(store.list("tradewind/o-1/jobs/j-2/", "").ok());
}

TEST_F(JobStoreTest, WhatLiesUnderAnotherNameDoesNotOpen) {
  JobStore store(*inner_, prefix, DataKey::fresh());
  ASSERT_TRUE(store.put(prefix + "ledger/00000001", "one", PutCondition::always).ok());
  const std::string sealed = inner_->get(prefix + "sealed/named/ledger/00000001").value_or("");
  ASSERT_TRUE(inner_->put(prefix + "sealed/named/ledger/00000002", sealed, PutCondition::always).ok());
  EXPECT_EQ(code_of(store.get(prefix + "ledger/00000002")), Code::corrupt);
}

TEST_F(JobStoreTest, AJobHasOneKeyInAllOfItsStores) {
  const Result<DataKey> made = begin_job({inner_.get(), further_.get()}, prefix, gives(user_key('a')));
  ASSERT_TRUE(made.ok()) << describe(made.error());
  for (ObjectStore* store : {inner_.get(), further_.get()}) {
    EXPECT_EQ(to_hex(job_key(*store, prefix, gives(user_key('a'))).value()), to_hex(*made));
    EXPECT_EQ(code_of(job_key(*store, prefix, gives(user_key('b')))), Code::unauthorized);
    EXPECT_EQ(code_of(job_key(*store, prefix, gives_none())), Code::unauthorized);
  }
  const Result<DataKey> other = begin_job({inner_.get()}, "tradewind/o-1/jobs/j-2/", gives(user_key('a')));
  EXPECT_NE(to_hex(*other), to_hex(*made));
  const Result<DataKey> again = begin_job({inner_.get(), further_.get()}, prefix, gives(user_key('a')));
  EXPECT_EQ(to_hex(again.value()), to_hex(*made));
}

TEST_F(JobStoreTest, AStoreWithAnotherKeyOfTheJobIsRefused) {
  ASSERT_TRUE(begin_job({further_.get()}, prefix, gives(user_key('a'))).ok());
  EXPECT_EQ(code_of(begin_job({inner_.get(), further_.get()}, prefix, gives(user_key('a')))), Code::corrupt);
}

TEST_F(JobStoreTest, WithoutItsWrappedKeyAJobIsNotTakenForAPlainOne) {
  EXPECT_EQ(code_of(job_key(*inner_, prefix, gives(user_key('a')))), Code::corrupt);
  JobSeals seals(gives(user_key('a')), clock_);
  EXPECT_EQ(code_of(seals.view(*inner_, *inner_, prefix)), Code::corrupt);
  EXPECT_TRUE(keys_in(*inner_).empty());
}

TEST_F(JobStoreTest, RekeyLetsTheOldKeyInNoMore) {
  const DataKey made = begin_job({inner_.get()}, prefix, gives(user_key('a'))).value();
  const Rekey change{user_key('a'), user_key('b')};
  ASSERT_TRUE(rekey_job(*inner_, prefix, change).ok());
  EXPECT_EQ(code_of(job_key(*inner_, prefix, gives(user_key('a')))), Code::unauthorized);
  EXPECT_EQ(to_hex(job_key(*inner_, prefix, gives(user_key('b'))).value()), to_hex(made));
  EXPECT_TRUE(rekey_job(*inner_, prefix, change).ok()) << "of several stores some were done before";
  EXPECT_EQ(code_of(rekey_job(*inner_, prefix, {user_key('c'), user_key('d')})), Code::unauthorized);
  EXPECT_EQ(code_of(rekey_job(*further_, prefix, change)), Code::invalid_argument);
}

TEST_F(JobStoreTest, AServerWithoutAKeyBeginsNothingAndReadsNothing) {
  ASSERT_TRUE(begin_job({inner_.get()}, prefix, gives(user_key('a'))).ok());
  std::optional<UserKey> key;
  int asked = 0;
  JobSeals seals(
      [&] {
        ++asked;
        return Result(key);
      },
      clock_);
  EXPECT_EQ(code_of(seals.begin({further_.get()}, prefix)), Code::invalid_argument);
  EXPECT_TRUE(keys_in(*further_).empty());
  asked = 0;
  EXPECT_EQ(code_of(seals.view(*inner_, *inner_, prefix)), Code::unauthorized);
  EXPECT_EQ(code_of(seals.view(*inner_, *inner_, prefix)), Code::unauthorized);
  EXPECT_EQ(asked, 1) << "asked at each call";
  key = user_key('a');
  clock_.advance(std::chrono::seconds(11));
  const Result<ObjectStore*> view = seals.view(*inner_, *inner_, prefix);
  ASSERT_TRUE(view.ok()) << describe(view.error());
  key.reset();
  EXPECT_EQ(seals.view(*inner_, *inner_, prefix).value(), *view) << "a key that was opened stays open";
  EXPECT_TRUE(seals.key_of(*inner_, prefix).ok());
}

TEST_F(JobStoreTest, AJobThatIsNotTakenLeavesNothing) {
  JobSeals seals(gives(user_key('a')), clock_);
  ASSERT_TRUE(seals.begin({inner_.get(), further_.get()}, prefix).ok());
  EXPECT_EQ(keys_in(*inner_).size(), 2U);
  EXPECT_EQ(keys_in(*further_).size(), 2U);
  seals.withdraw({inner_.get(), further_.get()}, prefix);
  EXPECT_TRUE(keys_in(*inner_).empty());
  EXPECT_TRUE(keys_in(*further_).empty());
  EXPECT_EQ(code_of(seals.key_of(*inner_, prefix)), Code::corrupt);
}

TEST_F(JobStoreTest, AnAgentsKeyIsReadBackAndNothingElseIs) {
  const DataKey key = DataKey::fresh();
  EXPECT_EQ(data_key_from_hex(to_hex(key)).value().bytes().view(), key.bytes().view());
  for (const std::string& wrong :
       {std::string(), std::string(63, 'a'), std::string(64, 'x'), std::string(66, 'a')}) {
    const Result<DataKey> read = data_key_from_hex(wrong);
    ASSERT_EQ(code_of(read), Code::unauthorized);
    const bool repeated = !wrong.empty() && describe(read.error()).find(wrong) != std::string::npos;
    EXPECT_FALSE(repeated);
  }
}

}  // namespace
}  // namespace tradewind::sealing
