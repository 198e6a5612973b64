#include "edge/sealing/sealed_store.h"

#include <set>

#include "edge/io/hash.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/sealing/cipher.h"

namespace tradewind::sealing {

using objectstore::ByteRange;
using objectstore::make_memory_store;
using objectstore::ObjectStore;
using objectstore::PutCondition;

namespace {

// Two connections of the suite share the store beneath and the key.
class Both final : public ObjectStore {
 public:
  Both(std::shared_ptr<ObjectStore> inner, const DataKey& key)
      : inner_(std::move(inner)), sealed_(*inner_, key) {}
  std::string url() const override { return sealed_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    return sealed_.put(key, bytes, condition);
  }
  Result<std::string> get(std::string_view key, ByteRange range) override { return sealed_.get(key, range); }
  Result<objectstore::ObjectInfo> stat(std::string_view key) override { return sealed_.stat(key); }
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit) override {
    return sealed_.list(prefix, after, limit);
  }
  Status remove(std::string_view key) override { return sealed_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return sealed_.remove_if_older(key, limit);
  }

 private:
  std::shared_ptr<ObjectStore> inner_;
  SealedStore sealed_;
};

}  // namespace
}  // namespace tradewind::sealing

namespace tradewind::objectstore {

INSTANTIATE_TEST_SUITE_P(Sealed, ObjectStoreConformance,
                         testing::Values(conformance_case(
                             "sealed",
                             [] {
                               std::shared_ptr<ObjectStore> store = make_memory_store();
                               return [store, key = sealing::DataKey::fresh()] {
                                 return std::make_shared<sealing::Both>(store, key);
                               };
                             },
                             false)));

}  // namespace tradewind::objectstore

namespace tradewind::sealing {
namespace {

const std::string digest_a(64, 'a');
const std::string digest_b(64, 'b');
const std::string chunk_a = "chunks/aa/" + digest_a;
const std::string chunk_b = "chunks/bb/" + digest_b;
const std::string manifest_a = "manifests/" + digest_a;

class SealedStoreTest : public testing::Test {
 protected:
  void put(const std::string& key, std::string_view bytes) {
    ASSERT_TRUE(store_.put(key, bytes, PutCondition::always).ok());
  }
  std::vector<std::string> beneath() {
    std::vector<std::string> keys;
    const auto page = inner_->list("", "");
    for (const objectstore::ObjectInfo& object : page->objects) keys.push_back(object.key);
    return keys;
  }
  // The one key beneath that begins so.
  std::string beneath(std::string_view folder) {
    const auto page = inner_->list(folder, "");
    EXPECT_EQ(page->objects.size(), 1U);
    return page->objects.empty() ? "" : page->objects.front().key;
  }
  Code code_of_get(const std::string& key, ByteRange range = {}) {
    const Result<std::string> got = store_.get(key, range);
    return got.ok() ? Code::internal : got.error().code;
  }

  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  DataKey key_ = DataKey::fresh();
  SealedStore store_{*inner_, key_};
};

TEST_F(SealedStoreTest, TheStoreBeneathSeesNeitherBytesNorDigests) {
  const std::string secret = "the weights of a secret model, the weights of a secret model";
  put(chunk_a, secret);
  put(manifest_a, secret);
  put("ledger/00000001", secret);
  for (const std::string& key : beneath()) {
    EXPECT_EQ(key.find(digest_a.substr(0, 16)), std::string::npos) << key;
    EXPECT_EQ(inner_->get(key)->find("secret"), std::string::npos) << key;
  }
  EXPECT_EQ(*store_.get(chunk_a), secret);
  EXPECT_EQ(*store_.get(manifest_a), secret);
  EXPECT_EQ(*store_.get("ledger/00000001"), secret);
}

TEST_F(SealedStoreTest, EqualObjectsOfTwoKeysLookUnlike) {
  put(chunk_a, "equal");
  const auto other_inner = make_memory_store();
  SealedStore other(*other_inner, DataKey::fresh());
  ASSERT_TRUE(other.put(chunk_a, "equal", PutCondition::always).ok());
  const std::string name = beneath("sealed/chunks/");
  EXPECT_NE(other_inner->list("", "")->objects.front().key, name);
  EXPECT_NE(*other_inner->get(other_inner->list("", "")->objects.front().key), *inner_->get(name));
}

TEST_F(SealedStoreTest, TheSameBytesTwiceLookUnlike) {
  put(chunk_a, "equal");
  const std::string first = *inner_->get(beneath("sealed/chunks/"));
  put(chunk_a, "equal");
  EXPECT_NE(*inner_->get(beneath("sealed/chunks/")), first);
}

TEST_F(SealedStoreTest, ListsByPlainNamesInTheirOrderAndPageByPage) {
  std::set<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    const std::string two = io::hex(std::string(1, static_cast<char>(i * 5)));
    std::string key = "chunks/";
    key.append(two).append("/").append(two).append(62, 'c');
    put(key, "x");
    expected.insert(key);
  }
  std::vector<std::string> found;
  for (std::string after;;) {
    const auto page = store_.list("chunks/", after, 7);
    ASSERT_TRUE(page.ok());
    for (const auto& object : page->objects) found.push_back(object.key);
    if (!page->more) break;
    after = page->objects.back().key;
  }
  EXPECT_EQ(found, std::vector<std::string>(expected.begin(), expected.end()));
}

TEST_F(SealedStoreTest, TellsPlainSizes) {
  put(chunk_a, "12345");
  EXPECT_EQ(store_.stat(chunk_a)->size_bytes, 5U);
  EXPECT_EQ(store_.list("chunks/", "")->objects.front().size_bytes, 5U);
}

TEST_F(SealedStoreTest, EveryFlippedBitIsFound) {
  put(chunk_a, "tell me if I change");
  const std::string name = beneath("sealed/chunks/");
  const std::string sealed = *inner_->get(name);
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    ASSERT_TRUE(inner_->put(name, changed, PutCondition::always).ok());
    EXPECT_EQ(code_of_get(chunk_a), Code::corrupt) << "bit " << bit;
    EXPECT_EQ(code_of_get(chunk_a, {0, 64}), Code::corrupt) << "bit " << bit;
  }
}

TEST_F(SealedStoreTest, WhatWasCutIsFound) {
  put(chunk_a, "tell me if I end early");
  const std::string name = beneath("sealed/chunks/");
  const std::string sealed = *inner_->get(name);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    ASSERT_TRUE(inner_->put(name, sealed.substr(0, size), PutCondition::always).ok());
    EXPECT_EQ(code_of_get(chunk_a), Code::corrupt) << size;
  }
}

TEST_F(SealedStoreTest, AnotherObjectInItsPlaceIsFound) {
  put(chunk_a, "first");
  const std::string name_a = beneath("sealed/chunks/");
  const std::string bytes_a = *inner_->get(name_a);
  put(chunk_b, "other");
  for (const std::string& key : beneath()) {
    if (key == name_a) continue;
    ASSERT_TRUE(inner_->put(key, bytes_a, PutCondition::always).ok());
  }
  const Result<std::string> got = store_.get(chunk_b);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Code::corrupt);
  EXPECT_NE(got.error().message.find(chunk_b), std::string::npos) << got.error().message;
}

TEST_F(SealedStoreTest, AnotherKeyOpensNothingAndListsNothing) {
  put(chunk_a, "mine");
  SealedStore other(*inner_, DataKey::fresh());
  EXPECT_EQ(other.get(chunk_a).error().code, Code::not_found);
  EXPECT_TRUE(other.list("chunks/", "")->objects.empty());
}

TEST_F(SealedStoreTest, AnObjectThatItsOwnerAddedIsLeftOutOfLists) {
  put(chunk_a, "mine");
  const std::string junk = "sealed/chunks/aa/aa" + std::string(94, '0');
  ASSERT_TRUE(inner_->put(junk, "junk", PutCondition::always).ok());
  ASSERT_TRUE(inner_->put("sealed/chunks/short", "junk", PutCondition::always).ok());
  EXPECT_EQ(store_.list("chunks/", "")->objects.size(), 1U);
}

TEST_F(SealedStoreTest, RangesAreOfThePlainBytes) {
  put(chunk_a, "0123456789");
  EXPECT_EQ(*store_.get(chunk_a, {0, 4}), "0123");
  EXPECT_EQ(*store_.get(chunk_a, {0, 10}), "0123456789");
  EXPECT_EQ(*store_.get(chunk_a, {0, 12}), "0123456789");
  EXPECT_EQ(*store_.get(chunk_a, {3, 4}), "3456");
  EXPECT_EQ(*store_.get(chunk_a, {8, 9}), "89");
  EXPECT_EQ(*store_.get(chunk_a, {10, 1}), "");
}

// The bytes of docs/formats/sealed.md.
TEST(SealedFormat, OpensWhatIsWrittenDown) {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes += c;
  const DataKey key{SecretBytes(bytes)};
  const std::string chunk = "chunks/f0/f0a977efab41ded324c7f0c4abe112426c7fefa2ba4b213f61bc252342f8bfcc";
  EXPECT_EQ(SealedNames(key.for_names()).sealed(chunk),
            "sealed/chunks/60/"
            "60a280aa14af6780682b44662b051f81f36b4a443e5ccde7b92ce54c5dd798a089eaaf6088bd0b35dddc9ced"
            "ef443e6c");
  const std::string sealed = *io::decode_hex(
      "01aaf87e478340fbb8105892084533fde2e41f947c2e3a16337577b75f70a104b1d9c607835f77a84436f4e021b3");
  EXPECT_EQ(unseal(key.for_content(), chunk, sealed), std::string("\0hello tradewind\n", 17));
  const UserKey by = *parse_user_key("twkey-" + io::hex(bytes), "the test");
  const auto object = key_object_from_text(
      R"({"version":1,"keys":[{"salt":"axduaNLEQO9QWii6KhFnhQ==","data_key":"AVNBTI2tD5JzNCpLQUOzGw6TZdWB6GLJ2LHPkSYd4mDAcha5lVzgUzp8A2fhvIlzMRuNTAcZaIcvxq5f7g=="},{"scrypt_log2_n":16,"salt":"a3Qj9Kvf4dby/Ph6qN7ysA==","data_key":"AVf4zM9/2lhI7gLZoEiF2dN18lf9fwlS3RejJ7HuJ6yiSllXPC8/RUos64CAuC5J+AnZulT+71i3bqd5kw=="}]})");
  ASSERT_TRUE(object.ok()) << describe(object.error());
  EXPECT_EQ(unwrap(*object, by)->bytes().view(), bytes);
  const UserKey phrase = *parse_user_key("correct horse battery staple", "the test");
  EXPECT_EQ(unwrap(*object, phrase)->bytes().view(), bytes);
}

}  // namespace
}  // namespace tradewind::sealing
