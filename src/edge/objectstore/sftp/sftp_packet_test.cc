#include "edge/objectstore/sftp/sftp_packet.h"

#include <gtest/gtest.h>

#include "edge/objectstore/sftp/sftp_text.h"
#include "edge/objectstore/testing/scripted_sftp.h"

namespace tradewind::objectstore {
namespace {

std::string status_packet() {
  return "\x65" + sftp_number(7) + sftp_number(2) + sftp_text("No such file") + sftp_text("en");
}

std::string name_packet() {
  const std::string attributes = sftp_number(0x0D) + sftp_number64(12) + sftp_number(0100644) +
                                 sftp_number(1) + sftp_number(1'700'000'000);
  return "\x68" + sftp_number(9) + sftp_number(2) + sftp_text("a") + sftp_text("-rw-r--r-- a") + attributes +
         sftp_text("b") + sftp_text("drwxr-xr-x b") + sftp_number(0);
}

TEST(SftpPacket, ARequestCarriesItsLengthTypeIdAndFields) {
  SftpRequest request(SftpType::write, SftpType::status);
  request.text("h").number64(258).payload("bytes");
  const auto pieces = request.packet(0x01020304);
  EXPECT_EQ(std::string(pieces[0]) + std::string(pieces[1]),
            sftp_text("\x06\x01\x02\x03\x04" + sftp_text("h") + sftp_number64(258) + sftp_text("bytes")));
}

TEST(SftpPacket, AStatusIsRead) {
  const Result<SftpReply> reply = parse_sftp_reply(status_packet());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->id, 7U);
  EXPECT_EQ(reply->status, SftpStatus::no_such_file);
  EXPECT_EQ(reply->message, "No such file");
  const Result<SftpReply> old = parse_sftp_reply("\x65" + sftp_number(7) + sftp_number(0));
  ASSERT_TRUE(old.ok()) << "servers of old send no text";
  EXPECT_EQ(old->status, SftpStatus::ok);
}

TEST(SftpPacket, NamesAreReadWithTheirKinds) {
  const Result<SftpReply> reply = parse_sftp_reply(name_packet());
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->names.size(), 2U);
  EXPECT_EQ(reply->names[0].name, "a");
  EXPECT_EQ(reply->names[0].attributes.size_bytes, 12U);
  EXPECT_EQ(reply->names[0].attributes.modified_s, 1'700'000'000U);
  EXPECT_FALSE(reply->names[0].attributes.is_folder());
  EXPECT_TRUE(reply->names[1].attributes.is_folder()) << "known by its line alone";
}

TEST(SftpPacket, DataIsWhatItsLengthSays) {
  const Result<SftpReply> reply = parse_sftp_reply("\x67" + sftp_number(1) + sftp_text("bytes") + "more");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->data(), "bytes");
  EXPECT_FALSE(parse_sftp_reply("\x67" + sftp_number(1) + sftp_number(6) + "bytes").ok());
}

TEST(SftpPacket, NoPacketCutShortIsTaken) {
  for (const std::string& whole :
       {status_packet(), name_packet(), "\x66" + sftp_number(1) + sftp_text("handle"),
        "\x69" + sftp_number(1) + sftp_number(1) + sftp_number64(5)}) {
    EXPECT_TRUE(parse_sftp_reply(whole).ok());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const bool status_without_text = whole[0] == '\x65' && size == 9;
      const bool status_without_language = whole[0] == '\x65' && size >= 9 + 16;
      EXPECT_EQ(parse_sftp_reply(whole.substr(0, size)).ok(), status_without_text || status_without_language)
          << size;
    }
  }
}

TEST(SftpPacket, ImpossibleCountsAndHandlesAreRefused) {
  EXPECT_FALSE(parse_sftp_reply("\x68" + sftp_number(1) + sftp_number(0xFFFFFFFF)).ok());
  EXPECT_FALSE(
      parse_sftp_reply("\x69" + sftp_number(1) + sftp_number(0x80000000) + sftp_number(0xFFFFFFFF)).ok());
  EXPECT_FALSE(parse_sftp_reply("\x66" + sftp_number(1) + sftp_text("")).ok());
  EXPECT_FALSE(parse_sftp_reply("\x66" + sftp_number(1) + sftp_text(std::string(257, 'h'))).ok());
  EXPECT_FALSE(parse_sftp_reply("\x01" + sftp_number(1)).ok()) << "a request is no reply";
}

TEST(SftpPacket, AVersionNamesItsExtensions) {
  const Result<SftpVersion> version = parse_sftp_version(
      "\x02" + sftp_number(3) + sftp_extension("hardlink@openssh.com") + sftp_extension("x", "2"));
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->version, 3U);
  EXPECT_EQ(version->extensions.size(), 2U);
  EXPECT_TRUE(version->extensions.contains("hardlink@openssh.com"));
  EXPECT_FALSE(parse_sftp_version("\x02" + sftp_number(3) + sftp_text("alone")).ok());
  EXPECT_FALSE(parse_sftp_version("\x65" + sftp_number(3)).ok());
}

TEST(SftpPacket, LimitsAreBelievedWithinReason) {
  const auto limits = [](std::uint64_t read, std::uint64_t write) {
    return parse_sftp_limits(sftp_number64(1) + sftp_number64(read) + sftp_number64(write) + sftp_number64(0))
        .value_or(SftpLimits{0, 0});
  };
  EXPECT_EQ(limits(65536, 131072).read_bytes, 65536U);
  EXPECT_EQ(limits(65536, 131072).write_bytes, 131072U);
  EXPECT_EQ(limits(~std::uint64_t{0}, 1).read_bytes, 255U << 10U);
  EXPECT_EQ(limits(~std::uint64_t{0}, 1).write_bytes, 32U << 10U);
  EXPECT_EQ(limits(0, 0).read_bytes, 32U << 10U) << "0 says that there is no limit";
  EXPECT_FALSE(parse_sftp_limits(sftp_number64(1)).ok());
}

TEST(SftpPacket, FreeSpaceIsBlocksTimesTheirSize) {
  const auto numbers = [](std::uint64_t size, std::uint64_t available) {
    return parse_sftp_free_bytes(sftp_number64(1) + sftp_number64(size) + sftp_number64(9) +
                                 sftp_number64(9) + sftp_number64(available));
  };
  EXPECT_EQ(numbers(4096, 3).value_or(0), 12288U);
  EXPECT_FALSE(numbers(1U << 20U, ~std::uint64_t{0}).ok());
}

TEST(SftpText, NothingPassesThatSteersATerminal) {
  EXPECT_EQ(printable("plain words", 100), "plain words");
  EXPECT_EQ(printable("\x1b[2Jred\x07", 100), "?[2Jred?");
  EXPECT_EQ(printable("two\r\nlines\t here ", 100), "two lines here");
  EXPECT_EQ(printable("sp\xc3\xa4t \xff \xc2\x9b", 100), "sp\xc3\xa4t ? ?");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("ab\xc3\xa4", 3), "ab…") << "no half character";
}

}  // namespace
}  // namespace tradewind::objectstore
