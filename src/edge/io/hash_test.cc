#include "edge/io/hash.h"

#include <gtest/gtest.h>

namespace tradewind::io {
namespace {

TEST(Hash, Base64ComesBackAsItWas) {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("ab"), std::string("abc"),
                                   std::string("\0\xff\0\x10", 4)}) {
    EXPECT_EQ(decode_base64(base64(bytes)), bytes);
  }
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
}

TEST(Hash, WhatIsNoBase64IsNothing) {
  for (const char* text : {"a", "ab=", "ab c", "ab\n=", "a===", "Zm9v Yg=", "Zg== ", "====", "ab-_"}) {
    EXPECT_FALSE(decode_base64(text).has_value()) << text;
  }
}

TEST(Hash, RandomBytesAreNeverTheSame) {
  EXPECT_EQ(random_bytes(16).size(), 16U);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(Hash, HexIsReadBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(decode_hex(hex(all)), all);
  EXPECT_EQ(decode_hex(""), "");
  for (const char* bad : {"a", "AB", "0g", "0x", "a b0"}) EXPECT_FALSE(decode_hex(bad)) << bad;
}

}  // namespace
}  // namespace tradewind::io
