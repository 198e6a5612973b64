#include "edge/sealing/access.h"

#include <gtest/gtest.h>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::sealing {
namespace {

using objectstore::FaultStore;
using objectstore::make_memory_store;
using objectstore::ObjectStore;
using objectstore::PutCondition;

AskForKey has(const UserKey& key) {
  return [key]() -> Result<std::optional<UserKey>> { return std::optional(key); };
}
AskForKey nobody() {
  return []() -> Result<std::optional<UserKey>> { return std::optional<UserKey>(); };
}
UserKey key_of(std::string_view text) {
  return *parse_user_key(text, "the test");
}

class Access : public testing::Test {
 protected:
  std::optional<Error> problem(SealWish wish, const AskForKey& ask) {
    const auto key = data_key_of(*store_, wish, ask);
    return key.ok() ? std::nullopt : std::optional(key.error());
  }
  Code code(SealWish wish, const AskForKey& ask) { return problem(wish, ask).value_or(Error{}).code; }
  std::string begin(const UserKey& key) {
    const auto opened = data_key_of(*store_, SealWish::begin, has(key));
    EXPECT_TRUE(opened.ok()) << describe(opened.error());
    return std::string((*opened)->bytes().view());
  }
  std::string open(const UserKey& key) {
    const auto opened = data_key_of(*store_, SealWish::as_found, has(key));
    EXPECT_TRUE(opened.ok()) << describe(opened.error());
    return opened.ok() ? std::string((*opened)->bytes().view()) : "";
  }
  void put(std::string_view name, std::string_view bytes) {
    ASSERT_TRUE(store_->put(name, bytes, PutCondition::always).ok());
  }

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  UserKey mine_ = key_of(new_key_text());
};

TEST_F(Access, APlainStoreNeedsNoKey) {
  const auto key = data_key_of(*store_, SealWish::as_found, nobody());
  ASSERT_TRUE(key.ok());
  EXPECT_FALSE(key->has_value());
}

TEST_F(Access, WhatBeganWithAKeyOpensWithIt) {
  const std::string data_key = begin(mine_);
  EXPECT_EQ(data_key.size(), 32U);
  EXPECT_EQ(open(mine_), data_key);
  EXPECT_EQ(begin(mine_), data_key);  // asked again
}

TEST_F(Access, WhatBeganWithAPassphraseOpensWithIt) {
  const UserKey phrase = key_of("correct horse battery staple\n");
  const std::string data_key = begin(phrase);
  EXPECT_EQ(open(key_of("correct horse battery staple")), data_key);
  EXPECT_EQ(code(SealWish::as_found, has(key_of("correct horse battery stable"))), Code::unauthorized);
}

TEST_F(Access, AnotherKeyAndNoKeyAreToldApart) {
  begin(mine_);
  const auto wrong = problem(SealWish::as_found, has(key_of(new_key_text())));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->code, Code::unauthorized);
  EXPECT_NE(wrong->message.find("the test does not open it"), std::string::npos) << wrong->message;
  const auto none = problem(SealWish::as_found, nobody());
  ASSERT_TRUE(none);
  EXPECT_EQ(none->code, Code::unauthorized);
  EXPECT_NE(none->message.find("no key was given"), std::string::npos) << none->message;
  EXPECT_NE(none->hint.find("--key-file"), std::string::npos);
}

// Its owner could else have the next save in plain text.
TEST_F(Access, WithAKeyAStoreWithoutASealIsRefused) {
  EXPECT_EQ(code(SealWish::as_found, has(mine_)), Code::unauthorized);
  const auto plain = data_key_of(*store_, SealWish::plain, has(mine_));
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->has_value());
}

TEST_F(Access, WhatIsProvedOtherwiseIsReadEitherWay) {
  const auto plain = data_key_of(*store_, SealWish::either, has(mine_));
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->has_value());
  const std::string data_key = begin(mine_);
  EXPECT_EQ((*data_key_of(*store_, SealWish::either, has(mine_)))->bytes().view(), data_key);
  EXPECT_EQ(code(SealWish::either, nobody()), Code::unauthorized);
}

TEST_F(Access, PlainAndSealedAreNotMixed) {
  put("manifests/" + std::string(64, 'a'), "x");
  EXPECT_EQ(code(SealWish::begin, has(mine_)), Code::invalid_argument);
  EXPECT_FALSE(store_->stat("sealed/key").ok());
  ASSERT_TRUE(store_->remove("manifests/" + std::string(64, 'a')).ok());
  begin(mine_);
  EXPECT_EQ(code(SealWish::plain, has(mine_)), Code::invalid_argument);
}

TEST_F(Access, ToBeginNeedsAKeyThatIsNoShortWord) {
  EXPECT_EQ(code(SealWish::begin, nobody()), Code::invalid_argument);
  EXPECT_EQ(code(SealWish::begin, has(key_of("secret"))), Code::invalid_argument);
  EXPECT_TRUE(store_->list("", "")->objects.empty());
}

TEST_F(Access, OneOfTheTwoCopiesIsEnough) {
  const std::string data_key = begin(mine_);
  ASSERT_TRUE(store_->remove("sealed/key").ok());
  EXPECT_EQ(open(mine_), data_key);
  put("sealed/key", "{\"version\":1}");
  EXPECT_EQ(open(mine_), data_key);
  put("sealed/key.copy", "junk");
  const auto damaged = problem(SealWish::as_found, has(mine_));
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->code, Code::corrupt);
  EXPECT_NE(damaged->message.find("damaged"), std::string::npos) << damaged->message;
}

TEST_F(Access, AStoreThatLostItsKeyIsNotTakenForAPlainOne) {
  begin(mine_);
  put("sealed/manifests/" + std::string(96, 'a'), "x");
  ASSERT_TRUE(store_->remove("sealed/key").ok());
  ASSERT_TRUE(store_->remove("sealed/key.copy").ok());
  EXPECT_EQ(code(SealWish::as_found, has(mine_)), Code::corrupt);
  EXPECT_EQ(code(SealWish::as_found, nobody()), Code::unauthorized);
  EXPECT_EQ(code(SealWish::begin, has(mine_)), Code::corrupt);
}

TEST_F(Access, AStoreThatDoesNotAnswerHasNotLostItsKey) {
  begin(mine_);
  FaultStore away(*store_, [](const FaultStore::Call& call) -> Status {
    if (call.operation != objectstore::Operation::get) return {};
    return Error{Code::unavailable, "no answer"};
  });
  EXPECT_EQ(data_key_of(away, SealWish::as_found, has(mine_)).error().code, Code::unavailable);
}

TEST_F(Access, OfTwoThatBeginAtOnceBothHaveTheSameKey) {
  std::string theirs;
  FaultStore meanwhile(*store_, [&](const FaultStore::Call& call) -> Status {
    const bool about_to_begin =
        call.operation == objectstore::Operation::put && call.moment == FaultStore::Moment::before;
    if (about_to_begin && theirs.empty()) theirs = begin(mine_);
    return {};
  });
  const auto ours = data_key_of(meanwhile, SealWish::begin, has(mine_));
  ASSERT_TRUE(ours.ok()) << describe(ours.error());
  EXPECT_EQ((*ours)->bytes().view(), theirs);
}

TEST_F(Access, RekeyShutsTheOldKeyOutUnlessItIsKept) {
  const std::string data_key = begin(mine_);
  const UserKey second = key_of(new_key_text());
  ASSERT_TRUE(rekey(*store_, {mine_, second, true}).ok());
  EXPECT_EQ(open(mine_), data_key);
  EXPECT_EQ(open(second), data_key);
  const UserKey third = key_of("a passphrase of its own");
  ASSERT_TRUE(rekey(*store_, {second, third}).ok());
  EXPECT_EQ(open(third), data_key);
  EXPECT_EQ(code(SealWish::as_found, has(mine_)), Code::unauthorized);
  EXPECT_EQ(code(SealWish::as_found, has(second)), Code::unauthorized);
  EXPECT_EQ(*store_->get("sealed/key"), *store_->get("sealed/key.copy"));
}

TEST_F(Access, RekeyNeedsTheKey) {
  EXPECT_EQ(rekey(*store_, {mine_, mine_}).error().code, Code::invalid_argument);
  begin(mine_);
  const UserKey other = key_of(new_key_text());
  const std::string before = *store_->get("sealed/key");
  EXPECT_EQ(rekey(*store_, {other, other}).error().code, Code::unauthorized);
  EXPECT_EQ(*store_->get("sealed/key"), before);
}

}  // namespace
}  // namespace tradewind::sealing
