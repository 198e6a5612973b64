#include "edge/objectstore/sftp/sftp_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tradewind::objectstore {
namespace {

// OpenSSH's server takes ten logins at once from all clients together (MaxStartups).
constexpr std::size_t connections_max = 4;
// Small calls share a connection well; what moves much is better off with one of its own.
constexpr int calls_per_connection = 1;
constexpr std::chrono::seconds refusal_memory{30};

}  // namespace

// --- a connection ---

SftpConnection::SftpConnection(const SshCommand& command, std::unique_ptr<SshProcess> process)
    : command_(command), process_(std::move(process)) {}

Result<std::shared_ptr<SftpConnection>> SftpConnection::open(const SshCommand& command, Duration patience) {
  TW_ASSIGN_OR_RETURN(std::unique_ptr<SshProcess> process, SshProcess::start(command));
  std::shared_ptr<SftpConnection> made(new SftpConnection(command, std::move(process)));
  Result<std::unique_ptr<SftpSession>> session = SftpSession::start(made->process_->take_socket(), patience);
  if (!session.ok()) return ssh_error(command, session.error(), made->process_->last_words());
  made->session_ = *std::move(session);
  return made;
}

Error SftpConnection::explain() {
  return ssh_error(command_, session_->failure(), process_->last_words());
}

// --- the pool ---

SftpPool::SftpPool(SshCommand command, Duration patience)
    : command_(std::move(command)), patience_(patience) {}

SftpPool::Lease::Lease(SftpPool& pool, std::shared_ptr<SftpConnection> connection)
    : pool_(&pool), connection_(std::move(connection)) {}

SftpPool::Lease::~Lease() {
  if (connection_) pool_->give_back(connection_.get());
}

void SftpPool::give_back(const SftpConnection* connection) {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) {
    if (entry.connection.get() == connection) --entry.calls;
  }
}

SftpPool::Entry* SftpPool::least_busy() {
  const auto found =
      std::min_element(entries_.begin(), entries_.end(),
                       [](const Entry& one, const Entry& other) { return one.calls < other.calls; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<SftpPool::Entry> SftpPool::take_broken() {
  const auto broken = std::stable_partition(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return !entry.connection->session().broken();
  });
  std::vector<Entry> taken;
  std::move(broken, entries_.end(), std::back_inserter(taken));
  entries_.erase(broken, entries_.end());
  return taken;
}

Result<SftpPool::Lease> SftpPool::take() {
  std::vector<Entry> broken;  // ended after the lock is free: that takes a moment
  std::unique_lock lock(mutex_);
  for (;;) {
    for (Entry& entry : take_broken()) broken.push_back(std::move(entry));
    Entry* const best = least_busy();
    const bool room = entries_.size() + opening_ < connections_max && Clock::now() >= further_after_;
    if (best != nullptr && (best->calls < calls_per_connection || !room)) {
      ++best->calls;
      return Lease(*this, best->connection);
    }
    if (best == nullptr && opening_ > 0 && !room) {
      changed_.wait(lock);
      continue;
    }
    ++opening_;
    lock.unlock();
    Result<std::shared_ptr<SftpConnection>> opened = SftpConnection::open(command_, patience_);
    lock.lock();
    --opening_;
    changed_.notify_all();
    if (opened.ok()) {
      entries_.push_back({*opened, 1});
      return Lease(*this, *std::move(opened));
    }
    if (entries_.empty()) return opened.error();
    further_after_ = Clock::now() + refusal_memory;
  }
}

}  // namespace tradewind::objectstore
