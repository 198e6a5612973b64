#include "edge/sealing/user_key.h"

#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/sealing/key_object.h"

namespace tradewind::sealing {
namespace {

TEST(UserKey, ANewKeyIsReadBack) {
  const std::string text = new_key_text();
  EXPECT_EQ(text.size(), 70U);
  EXPECT_NE(text, new_key_text());
  const auto key = parse_user_key(text + "\n", "the test");
  ASSERT_TRUE(key.ok());
  EXPECT_FALSE(key->passphrase);
  EXPECT_EQ(key->bytes.view().size(), 32U);
}

TEST(UserKey, AnyOtherLineIsAPassphrase) {
  const auto key = parse_user_key("  spaces count \r\n", "the test");
  ASSERT_TRUE(key.ok());
  EXPECT_TRUE(key->passphrase);
  EXPECT_EQ(key->bytes.view(), "  spaces count ");
}

TEST(UserKey, WhatIsNoKeyIsRefusedAndNotRepeated) {
  const std::string whole = new_key_text();
  for (const std::string& text :
       {std::string(), std::string("\n"), whole.substr(0, 69), whole + "0", "twkey-" + std::string(64, 'X'),
        std::string("two\nlines"), std::string(1025, 'a')}) {
    const auto key = parse_user_key(text, "the test");
    ASSERT_FALSE(key.ok()) << text;
    EXPECT_EQ(key.error().code, Code::invalid_argument);
    EXPECT_NE(key.error().message.find("the test"), std::string::npos);
    if (text.size() > 20) {
      EXPECT_EQ(describe(key.error()).find(text.substr(6, 20)), std::string::npos);
    }
  }
}

TEST(UserKey, TheFirstPlaceThatIsSaidCounts) {
  const auto folder = io::TempDir::make("key");
  ASSERT_TRUE(folder.ok());
  const std::string file = folder->path() / "key";
  ASSERT_TRUE(io::write_file_atomic(file, "from the file\n").ok());
  const std::map<std::string, std::string> path = {{"PATH", "/usr/bin:/bin"}};
  EXPECT_EQ((*read_user_key({file, "echo from the command", "value", "$X", path}))->bytes.view(),
            "from the file");
  EXPECT_EQ((*read_user_key({"", "echo from the command", "value", "$X", path}))->bytes.view(),
            "from the command");
  EXPECT_EQ((*read_user_key({"", "", "value", "$X", path}))->bytes.view(), "value");
  EXPECT_FALSE(read_user_key({})->has_value());
}

TEST(UserKey, ACommandThatFailsIsNamedAndWhatItSaysIsNot) {
  const auto key = read_user_key({"", "echo hidden >&2; exit 3", "", "", {}});
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, Code::unavailable);
  EXPECT_NE(key.error().message.find("exit code 3"), std::string::npos) << key.error().message;
}

TEST(UserKey, AFileThatIsMissingIsNamed) {
  const auto key = read_user_key({"/nowhere/key", "", "", "", {}});
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, Code::not_found);
  EXPECT_NE(key.error().message.find("/nowhere/key"), std::string::npos);
}

TEST(KeyObject, IsReadBack) {
  const DataKey key = DataKey::fresh();
  const UserKey by = *parse_user_key(new_key_text(), "the test");
  const KeyObject object{{wrap(key, by), wrap(key, by)}};
  const auto again = key_object_from_text(to_text(object));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, object);
  EXPECT_EQ(unwrap(*again, by)->bytes().view(), key.bytes().view());
}

TEST(KeyObject, WhatIsHostileIsRefused) {
  const UserKey by = *parse_user_key("a long passphrase", "the test");
  const std::string good = to_text(KeyObject{{wrap(DataKey::fresh(), by)}});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const std::string many = "{\"version\":1,\"keys\":[" + std::string(33, '1') + "]}";
  for (const std::string& text :
       {with("\"version\":1", "\"version\":2"), with("_n\":16", "_n\":30"), with("_n\":16", "_n\":-1"),
        with("_n\":16", "_n\":1"), with("\"salt\":\"", "\"salt\":\"AAAA"),
        with("\"data_key\":\"", "\"data_key\":\"A"), std::string("{\"version\":1,\"keys\":[]}"), many,
        std::string("{}"), std::string(), good + "x"}) {
    const auto object = key_object_from_text(text);
    ASSERT_FALSE(object.ok()) << text;
    EXPECT_EQ(object.error().code, Code::corrupt);
  }
}

}  // namespace
}  // namespace tradewind::sealing
