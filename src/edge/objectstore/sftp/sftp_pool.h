// The connections of one store: opened when they are needed, shared by calls, replaced when they break.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/objectstore/sftp/sftp_session.h"
#include "edge/objectstore/sftp/ssh_process.h"

namespace tradewind::objectstore {

// An ssh and the conversation over it.
class SftpConnection {
 public:
  // Errors as ssh_error says.
  static Result<std::shared_ptr<SftpConnection>> open(const SshCommand& command, Duration patience);

  SftpSession& session() { return *session_; }
  // Why it broke, in ssh's words too. REQUIRES: session().broken()
  Error explain();

 private:
  SftpConnection(const SshCommand& command, std::unique_ptr<SshProcess> process);

  const SshCommand& command_;
  std::unique_ptr<SshProcess> process_;
  std::unique_ptr<SftpSession> session_;  // last: it hangs up before ssh is ended
};

class SftpPool {
 public:
  SftpPool(SshCommand command, Duration patience);

  const SshCommand& command() const { return command_; }

  // The use of a connection, which others may use at the same time.
  class Lease {
   public:
    Lease(SftpPool& pool, std::shared_ptr<SftpConnection> connection);
    Lease(Lease&& other) noexcept = default;
    ~Lease();
    SftpConnection* operator->() const { return connection_.get(); }

   private:
    SftpPool* pool_;
    std::shared_ptr<SftpConnection> connection_;  // null: moved from
  };
  // The least busy connection; a further one is opened where all are busy. Errors of opening, where there is
  // none.
  Result<Lease> take();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<SftpConnection> connection;
    int calls = 0;
  };
  void give_back(const SftpConnection* connection);
  Entry* least_busy();
  std::vector<Entry> take_broken();

  const SshCommand command_;
  const Duration patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // All below is protected by mutex_.
  std::vector<Entry> entries_;
  std::size_t opening_ = 0;
  Clock::time_point further_after_;  // the server refused a further one: none is tried before
};

}  // namespace tradewind::objectstore
