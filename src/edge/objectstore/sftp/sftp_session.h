// One conversation with an SFTP server: many requests under way at once, from many threads, each reply given
// to whoever asked. Knows nothing of files and of ssh: it speaks over a connected stream socket.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/sftp/sftp_packet.h"

namespace tradewind::objectstore {

struct SftpAbilities {
  bool hardlink = false;      // hardlink@openssh.com: a name that is given only if it is free
  bool posix_rename = false;  // posix-rename@openssh.com: a name that is replaced in one step
  bool fsync = false;         // fsync@openssh.com
  bool free_space = false;    // statvfs@openssh.com
  SftpLimits limits;
};

class SftpCall;

// Once it is broken all calls fail, and it stays so: a new one is needed. Safe from several threads.
class SftpSession {
 public:
  // Greets the server. `patience`: how long nothing may come while something is waited for. unavailable: it
  // hung up or was silent; invalid_argument: what answers is no SFTP server of version 3.
  static Result<std::unique_ptr<SftpSession>> start(io::UniqueFd socket, Duration patience);
  ~SftpSession();
  SftpSession(const SftpSession&) = delete;
  SftpSession& operator=(const SftpSession&) = delete;

  const SftpAbilities& abilities() const { return abilities_; }
  bool broken() const { return broken_; }
  // Why it is broken. REQUIRES: broken()
  Error failure() const;
  // Ends it: all calls under way fail with this. The first reason stays.
  void break_off(const Error& reason);

 private:
  friend class SftpCall;
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    SftpCall* call;  // null: nobody wants the reply any more
    SftpType answer;
  };

  SftpSession(io::UniqueFd socket, Duration patience);
  Status greet();
  Status learn_limits();
  void read_replies();
  Status take_reply(std::string packet);
  // Reads exactly `size` bytes; false at the end of the stream.
  bool receive(char* bytes, std::size_t size);
  Result<std::uint32_t> send(SftpCall& call, SftpRequest& request, Duration allowance);
  Status send_bytes(std::string_view bytes);
  Status wait_for_socket(short events);
  Clock::time_point deadline_of(const SftpCall& call) const;
  Error silence() const;

  const io::UniqueFd socket_;
  const Duration patience_;
  SftpAbilities abilities_;  // constant once it was greeted
  bool limits_offered_ = false;
  std::atomic<bool> broken_{false};

  std::mutex sending_;  // one packet after the other
  mutable std::mutex mutex_;
  // All below is protected by mutex_.
  std::optional<Error> failure_;
  std::unordered_map<std::uint32_t, Waiting> waiting_;
  std::uint32_t last_id_ = 0;
  Clock::time_point progress_;    // when something last came, or went where it had been stuck
  Clock::time_point slow_until_;  // what is under way may take the server until then

  std::thread reader_;  // last: it uses the rest
};

// What one caller has under way. For one thread at a time.
class SftpCall {
 public:
  explicit SftpCall(SftpSession& session);
  ~SftpCall();  // replies still to come are dropped
  SftpCall(const SftpCall&) = delete;
  SftpCall& operator=(const SftpCall&) = delete;

  // Returns the request's id. `allowance`: how much longer than others the server may take for it. Errors of
  // all calls here: the session's failure.
  Result<std::uint32_t> send(SftpRequest request, Duration allowance = {});
  // Sends what nobody waits for.
  Status send_unasked(SftpRequest request);
  // The next reply to any request of this call. REQUIRES: under_way() > 0
  Result<SftpReply> next();
  // The reply to that request; others wait for their turn.
  Result<SftpReply> reply_to(std::uint32_t id);
  Result<SftpReply> ask(SftpRequest request, Duration allowance = {});
  // Sent, and not yet taken by next() or reply_to().
  std::size_t under_way() const { return under_way_; }
  SftpSession& session() { return session_; }

 private:
  friend class SftpSession;
  template <class Found>
  Result<SftpReply> wait(Found found);

  SftpSession& session_;
  std::size_t under_way_ = 0;
  // Protected by the session's mutex_.
  std::deque<SftpReply> replies_;
  SftpSession::Clock::time_point progress_;
  std::condition_variable arrived_;
};

}  // namespace tradewind::objectstore
