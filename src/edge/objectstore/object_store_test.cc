#include "edge/objectstore/object_store.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

TEST(ObjectKey, NamesOfFilesAreAccepted) {
  for (const char* key :
       {"a", "A/b-c_d.e/0", ".hidden", "...", "a/..b", "year=2024/a b+c", "100%", "a~", "\xc3\xa9?#&<'\""}) {
    EXPECT_TRUE(check_key(key).ok()) << key;
  }
  EXPECT_TRUE(check_key(std::string(1024, 'x')).ok());
}

TEST(ObjectKey, ARefusalNamesTheKeyWithoutItsControlCharacters) {
  const Status refused = check_key("evil\x1b[2J");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_NE(refused.error().message.find("evil?[2J"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(refused.error().hint.empty());
}

}  // namespace
}  // namespace tradewind::objectstore
