#include "edge/objectstore/sftp/sftp_transfer.h"

#include <future>
#include <gtest/gtest.h>

#include "edge/objectstore/testing/scripted_sftp.h"

namespace tradewind::objectstore {
namespace {

constexpr Duration patience{10'000};
constexpr std::uint64_t piece = std::uint64_t{32} << 10;  // of a server that says nothing of limits

struct Asked {
  std::uint32_t id = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

class SftpTransfer : public testing::Test {
 protected:
  void connect(std::string_view extensions = "") {
    auto client =
        std::async(std::launch::async, [&] { return SftpSession::start(server_.take_client(), patience); });
    server_.greet(extensions);
    Result<std::unique_ptr<SftpSession>> session = client.get();
    ASSERT_TRUE(session.ok());
    session_ = *std::move(session);
  }
  std::future<Result<SftpRead>> read(std::uint64_t offset, std::optional<std::uint64_t> length,
                                     std::uint64_t expected) {
    return std::async(std::launch::async, [=, this] {
      SftpCall call(*session_);
      return read_open_file(call, "h", offset, length, expected);
    });
  }
  std::future<Result<SftpRefusal>> write(const std::string& bytes) {
    return std::async(std::launch::async, [this, &bytes] {
      SftpCall call(*session_);
      return write_and_close(call, "h", bytes);
    });
  }
  // A READ of handle "h".
  Asked next_read() {
    const SftpAsked asked = server_.read();
    EXPECT_EQ(asked.type, 5);
    EXPECT_EQ(asked.rest.substr(0, 5), sftp_text("h"));
    if (asked.rest.size() != 17) return {};
    const std::string_view fields = std::string_view(asked.rest).substr(5);
    return {asked.id, number_in(fields.substr(0, 8)), number_in(fields.substr(8))};
  }
  void end_of_file(const Asked& asked) { server_.send_status(asked.id, 1); }

  ScriptedSftp server_;
  std::unique_ptr<SftpSession> session_;
};

TEST_F(SftpTransfer, PiecesOutOfOrderAndShortOnesMakeTheWholeFile) {
  connect();
  const std::string bytes = std::string(piece, 'a') + std::string(piece, 'b') + "end";
  auto reading = read(0, std::nullopt, bytes.size());
  const Asked first = next_read();
  const Asked second = next_read();
  const Asked third = next_read();
  const Asked beyond = next_read();
  EXPECT_EQ(third.offset, 2 * piece);
  EXPECT_EQ(third.length, 3U);
  EXPECT_EQ(beyond.offset, bytes.size());
  end_of_file(beyond);
  server_.send_data(third.id, "end");
  server_.send_data(first.id, bytes.substr(0, 100));  // less than was asked for
  const Asked rest = next_read();
  EXPECT_EQ(rest.offset, 100U);
  EXPECT_EQ(rest.length, piece - 100);
  server_.send_data(second.id, bytes.substr(piece, piece));
  server_.send_data(rest.id, bytes.substr(100, piece - 100));
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->bytes == bytes);
}

TEST_F(SftpTransfer, AFileLongerThanItSeemedIsReadToItsEnd) {
  connect();
  std::string bytes;
  while (bytes.size() < 5'000'000) bytes += std::to_string(bytes.size()) + " ";
  auto reading = read(0, std::nullopt, 2);
  while (reading.wait_for(Duration(0)) != std::future_status::ready) {
    if (!server_.asked_within(Duration(20))) continue;
    const Asked asked = next_read();
    if (asked.offset >= bytes.size()) {
      end_of_file(asked);
    } else {
      server_.send_data(asked.id, bytes.substr(asked.offset, asked.length));
    }
  }
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_TRUE(read->bytes == bytes);
}

TEST_F(SftpTransfer, AFileShorterThanItSeemedEndsWhereItEnds) {
  connect();
  auto reading = read(0, std::nullopt, piece + 10);
  const Asked first = next_read();
  const Asked second = next_read();
  const Asked beyond = next_read();
  server_.send_data(first.id, std::string(piece, 'a'));
  end_of_file(beyond);
  end_of_file(second);
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->bytes, std::string(piece, 'a'));
}

TEST_F(SftpTransfer, ARangeAsksForNoMoreThanItself) {
  connect();
  auto reading = read(5, 10, 1000);
  const Asked asked = next_read();
  EXPECT_EQ(asked.offset, 5U);
  EXPECT_EQ(asked.length, 10U);
  server_.send_data(asked.id, "0123456789");
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->bytes, "0123456789");
}

TEST_F(SftpTransfer, ASizeThatIsNotTrueTakesNoMemory) {
  connect();
  auto reading = read(0, std::nullopt, std::uint64_t{1} << 60);
  for (int i = 0; i < 64; ++i) {
    const Asked asked = next_read();
    if (asked.offset == 0) {
      server_.send_data(asked.id, "all");
    } else {
      end_of_file(asked);
    }
  }
  end_of_file(next_read());  // of the rest of the first piece
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->bytes, "all");
}

TEST_F(SftpTransfer, MoreBytesThanWereAskedForEndTheSession) {
  connect();
  auto reading = read(0, 3, 3);
  server_.send_data(next_read().id, "four");
  const Result<SftpRead> read = reading.get();
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find("more bytes than were asked for"), std::string::npos);
  EXPECT_TRUE(session_->broken());
}

TEST_F(SftpTransfer, ARefusalInTheMiddleIsTheAnswer) {
  connect();
  auto reading = read(0, std::nullopt, 2 * piece);
  const Asked first = next_read();
  const Asked second = next_read();
  const Asked beyond = next_read();
  server_.send_status(second.id, 4, "Input/output error");
  server_.send_data(first.id, std::string(piece, 'a'));
  end_of_file(beyond);
  const Result<SftpRead> read = reading.get();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->refusal.status, SftpStatus::failure);
  EXPECT_EQ(read->refusal.message, "Input/output error");
}

TEST_F(SftpTransfer, ConnectionsThatEndInTheMiddleAreErrors) {
  connect();
  auto reading = read(0, std::nullopt, 2 * piece);
  server_.send_data(next_read().id, std::string(piece, 'a'));
  server_.hang_up();
  EXPECT_FALSE(reading.get().ok());
}

TEST_F(SftpTransfer, WritesAreFlushedAndClosed) {
  connect(sftp_extension("fsync@openssh.com"));
  const std::string bytes(piece + 1, 'x');
  auto writing = write(bytes);
  std::vector<int> types;
  for (int i = 0; i < 4; ++i) {
    const SftpAsked asked = server_.read();
    types.push_back(asked.type);
    server_.send_status(asked.id, 0);
  }
  EXPECT_EQ(types, (std::vector<int>{6, 6, 200, 4}));
  const Result<SftpRefusal> refusal = writing.get();
  ASSERT_TRUE(refusal.ok());
  EXPECT_FALSE(refusal->refused());
}

TEST_F(SftpTransfer, AWriteThatFailsStopsTheOthersAndTheHandleIsClosed) {
  connect();
  const std::string bytes(200 * piece, 'x');  // more than is sent at once
  auto writing = write(bytes);
  int writes = 0;
  for (;;) {
    const SftpAsked asked = server_.read();
    if (asked.type != 6) {
      EXPECT_EQ(asked.type, 4);
      server_.send_status(asked.id, 0);
      break;
    }
    server_.send_status(asked.id, writes++ == 0 ? 4U : 0U, "No space left on device");
  }
  const Result<SftpRefusal> refusal = writing.get();
  ASSERT_TRUE(refusal.ok());
  EXPECT_EQ(refusal->message, "No space left on device");
  EXPECT_LT(writes, 200);
}

}  // namespace
}  // namespace tradewind::objectstore
