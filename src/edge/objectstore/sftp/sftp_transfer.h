// The bytes of one file, many requests under way at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/objectstore/sftp/sftp_session.h"

namespace tradewind::objectstore {

// What the server refused, or that it refused nothing.
struct SftpRefusal {
  SftpStatus status = SftpStatus::ok;
  std::string message;  // the server's words
  bool refused() const { return status != SftpStatus::ok; }
};
SftpRefusal refusal_of(const SftpReply& reply);

struct SftpRead {
  SftpRefusal refusal;
  std::string bytes;
};
// From `offset` to the end of the open file, or `length` bytes of it; less where the file ends before.
// `expected_bytes`: how long the file is likely to be; it decides how much is asked for at once, not what is
// read. An error is the session's failure, here and below. REQUIRES: nothing else is under way in `call`.
Result<SftpRead> read_open_file(SftpCall& call, std::string_view handle, std::uint64_t offset,
                                std::optional<std::uint64_t> length, std::uint64_t expected_bytes);

// Writes all of it, has it put on the disk where the server can, and closes the handle, also when it was
// refused. What is refused first is the answer.
Result<SftpRefusal> write_and_close(SftpCall& call, std::string_view handle, std::string_view bytes);

}  // namespace tradewind::objectstore
