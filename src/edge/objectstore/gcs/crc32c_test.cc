#include "edge/objectstore/gcs/crc32c.h"

#include <gtest/gtest.h>

#include "edge/io/hash.h"

namespace tradewind::objectstore {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, HasTheNumbersOfTheStandard) {
  std::string rising;
  std::string falling;
  for (int i = 0; i < 32; ++i) {
    rising += static_cast<char>(i);
    falling += static_cast<char>(31 - i);
  }
  for (const auto sum : {crc32c, crc32c_by_tables}) {
    EXPECT_EQ(sum(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(sum(std::string(32, '\xFF')), 0x62A8AB43U);
    EXPECT_EQ(sum(rising), 0x46DD794EU);
    EXPECT_EQ(sum(falling), 0x113FDB5CU);
    EXPECT_EQ(sum("123456789"), 0xE3069283U);
    EXPECT_EQ(sum(""), 0U);
  }
}

TEST(Crc32c, TheInstructionAndTheTablesAgreeAtEachLength) {
  const std::string bytes = io::random_bytes(300);
  for (std::size_t size = 0; size < 64; ++size) {
    for (std::size_t begin = 0; begin < 9; ++begin) {
      const std::string_view part = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(crc32c(part), crc32c_by_tables(part)) << size << " bytes from " << begin;
    }
  }
}

// As Google's own documentation and tools write them.
TEST(Crc32c, IsWrittenAsGoogleWritesIt) {
  EXPECT_EQ(crc32c_text(""), "AAAAAA==");
  EXPECT_EQ(crc32c_text("123456789"), "4waSgw==");
}

}  // namespace
}  // namespace tradewind::objectstore
