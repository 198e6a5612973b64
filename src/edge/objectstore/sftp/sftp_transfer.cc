#include "edge/objectstore/sftp/sftp_transfer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

namespace tradewind::objectstore {
namespace {

// What one transfer has under way: twice what a channel of OpenSSH takes before it waits for its other end.
constexpr std::size_t window_bytes = std::size_t{4} << 20;
constexpr std::size_t window_requests_max = 64;
// A disk slower than this is given up on while it flushes.
constexpr std::size_t flushed_bytes_per_ms = 4'000;

std::size_t requests_at_once(std::size_t request_bytes) {
  return std::clamp<std::size_t>(window_bytes / request_bytes, 2, window_requests_max);
}

class Reader {
 public:
  Reader(SftpCall& call, std::string_view handle, std::uint64_t offset, std::optional<std::uint64_t> length,
         std::uint64_t expected_bytes)
      : call_(call),
        handle_(handle),
        begin_(offset),
        next_(offset),
        end_(length && *length <= std::numeric_limits<std::uint64_t>::max() - offset
                 ? offset + *length
                 : std::numeric_limits<std::uint64_t>::max()),
        likely_end_(std::max(expected_bytes, offset)),
        step_(call.session().abilities().limits.read_bytes) {}

  Result<SftpRead> run() {
    // Pages are taken as they are written to: a size that is not true costs nothing.
    constexpr std::uint64_t reserved_bytes_max = std::uint64_t{1} << 30;
    read_.bytes.reserve(std::min({likely_end_ - begin_, end_ - begin_, reserved_bytes_max}));
    const std::size_t at_once = requests_at_once(step_);
    for (;;) {
      while (pieces_.size() < at_once && next_ < end_ && next_ <= likely_end_ && !read_.refusal.refused()) {
        // One more at the likely end tells whether it is the end.
        std::uint64_t piece = std::min<std::uint64_t>(step_, end_ - next_);
        if (next_ < likely_end_) piece = std::min(piece, likely_end_ - next_);
        TW_RETURN_IF_ERROR(ask(next_, piece));
        next_ += piece;
      }
      if (pieces_.empty()) break;
      TW_ASSIGN_OR_RETURN(const SftpReply reply, call_.next());
      TW_RETURN_IF_ERROR(take(reply));
    }
    if (file_end_ && *file_end_ - begin_ < read_.bytes.size()) read_.bytes.resize(*file_end_ - begin_);
    return std::move(read_);
  }

 private:
  struct Piece {
    std::uint64_t offset;
    std::uint64_t length;
  };

  Status ask(std::uint64_t offset, std::uint64_t length) {
    SftpRequest request(SftpType::read, SftpType::data);
    request.text(handle_).number64(offset).number(static_cast<std::uint32_t>(length));
    TW_ASSIGN_OR_RETURN(const std::uint32_t id, call_.send(std::move(request)));
    pieces_.emplace(id, Piece{offset, length});
    return {};
  }

  Status take(const SftpReply& reply) {
    const Piece piece = pieces_.at(reply.id);
    pieces_.erase(reply.id);
    if (reply.type == SftpType::status) {
      if (reply.status == SftpStatus::end_of_file) {
        ends_at(piece.offset);
      } else if (!read_.refusal.refused()) {
        read_.refusal = refusal_of(reply);
      }
      return {};
    }
    const std::string_view data = reply.data();
    if (data.empty()) {
      ends_at(piece.offset);
      return {};
    }
    if (data.size() > piece.length) {
      call_.session().break_off({Code::unavailable, "the SFTP server sent more bytes than were asked for"});
      return call_.session().failure();
    }
    const std::uint64_t end = piece.offset + data.size();
    if (read_.bytes.size() < end - begin_) read_.bytes.resize(end - begin_);
    std::memcpy(read_.bytes.data() + (piece.offset - begin_), data.data(), data.size());
    // It is longer than it was likely to be: the rest is asked for with full hands.
    if (end > likely_end_) likely_end_ = end + step_ * requests_at_once(step_);
    if (data.size() == piece.length) return {};
    return ask(end, piece.length - data.size());
  }

  void ends_at(std::uint64_t offset) {
    file_end_ = std::min(file_end_.value_or(offset), offset);
    end_ = std::min(end_, offset);
  }

  SftpCall& call_;
  const std::string_view handle_;
  const std::uint64_t begin_;
  std::uint64_t next_;  // to be asked for
  std::uint64_t end_;   // of what is wanted, and, once it is known, of the file
  std::uint64_t likely_end_;
  const std::size_t step_;
  std::optional<std::uint64_t> file_end_;
  std::unordered_map<std::uint32_t, Piece> pieces_;  // under way, by the id of the request
  SftpRead read_;
};

SftpRequest close_of(std::string_view handle) {
  SftpRequest request(SftpType::close, SftpType::status);
  request.text(handle);
  return request;
}

}  // namespace

SftpRefusal refusal_of(const SftpReply& reply) {
  if (reply.type != SftpType::status) return {};
  return {reply.status, reply.message};
}

Result<SftpRead> read_open_file(SftpCall& call, std::string_view handle, std::uint64_t offset,
                                std::optional<std::uint64_t> length, std::uint64_t expected_bytes) {
  return Reader(call, handle, offset, length, expected_bytes).run();
}

Result<SftpRefusal> write_and_close(SftpCall& call, std::string_view handle, std::string_view bytes) {
  const SftpAbilities& abilities = call.session().abilities();
  const std::size_t step = abilities.limits.write_bytes;
  const std::size_t at_once = requests_at_once(step);
  SftpRefusal first;
  const auto take_one = [&]() -> Status {
    TW_ASSIGN_OR_RETURN(const SftpReply reply, call.next());
    if (!first.refused()) first = refusal_of(reply);
    return {};
  };
  for (std::size_t at = 0; at < bytes.size() && !first.refused(); at += step) {
    if (call.under_way() >= at_once) TW_RETURN_IF_ERROR(take_one());
    SftpRequest write(SftpType::write, SftpType::status);
    write.text(handle).number64(at).payload(bytes.substr(at, step));
    TW_RETURN_IF_ERROR(call.send(std::move(write)));
  }
  // Requests on one file are served in the order in which they come (filexfer-02, section 4.1).
  if (abilities.fsync && !first.refused()) {
    SftpRequest flush = SftpRequest::extension("fsync@openssh.com");
    flush.text(handle);
    TW_RETURN_IF_ERROR(call.send(std::move(flush), Duration(bytes.size() / flushed_bytes_per_ms)));
  }
  TW_RETURN_IF_ERROR(call.send(close_of(handle)));
  while (call.under_way() > 0) TW_RETURN_IF_ERROR(take_one());
  return first;
}

}  // namespace tradewind::objectstore
