#include "edge/objectstore/sftp/ssh_process.h"

#include <cerrno>
#include <csignal>
#include <sys/socket.h>

#include "base/text.h"
#include "edge/io/errno_error.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t words_bytes_max = 4096;
constexpr Duration last_words_patience{1'000};
constexpr Duration end_patience{2'000};

struct SocketPair {
  io::UniqueFd ours;
  io::UniqueFd theirs;
};

Result<SocketPair> make_socket_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return io::errno_error(errno, "make a socket for ssh");
  }
  // What fits into it need not wait for the other process to be scheduled; less is fine too.
  constexpr int buffer_bytes = 1 << 20;
  for (const int end : ends) {
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    ::setsockopt(end, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  }
  return SocketPair{io::UniqueFd(ends[0]), io::UniqueFd(ends[1])};
}

}  // namespace

SshCommand ssh_command(const SftpUrl& url, const cloud::Variables& environment) {
  SshCommand command;
  command.environment = environment;
  for (std::string& word : split(cloud::variable(environment, "TRADEWIND_SSH"), ' ')) {
    if (!word.empty()) command.argv.push_back(std::move(word));
  }
  if (command.argv.empty()) command.argv.emplace_back("ssh");
  // As sftp(1) has it, and what a configuration may set that a subsystem cannot live with. A link that died
  // is noticed within a minute also while nothing is asked.
  for (const char* option : {"BatchMode=yes", "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no",
                             "PermitLocalCommand=no", "RequestTTY=no", "ControlMaster=no",
                             "ServerAliveInterval=15", "ServerAliveCountMax=4"}) {
    command.argv.emplace_back("-o");
    command.argv.emplace_back(option);
  }
  command.target = url.user.empty() ? url.host : url.user + "@" + url.host;
  if (url.port != 0) {
    command.argv.insert(command.argv.end(), {"-p", std::to_string(url.port)});
    command.target += ":" + std::to_string(url.port);
  }
  if (!url.user.empty()) command.argv.insert(command.argv.end(), {"-l", url.user});
  command.argv.insert(command.argv.end(), {"-s", "--", url.host, "sftp"});
  return command;
}

SshProcess::SshProcess(io::Child child, io::UniqueFd socket, io::UniqueFd errors,
                       io::HelperProcesses* helpers)
    : child_(std::move(child)), socket_(std::move(socket)), errors_(std::move(errors)), helpers_(helpers) {
  reader_ = std::thread([this] { read_errors(); });
}

Result<std::unique_ptr<SshProcess>> SshProcess::start(const SshCommand& command) {
  TW_ASSIGN_OR_RETURN(SocketPair data, make_socket_pair());
  TW_ASSIGN_OR_RETURN(SocketPair errors, make_socket_pair());
  io::SpawnRequest request;
  request.argv = command.argv;
  request.environment = command.environment;
  request.stdin_fd = data.theirs.get();
  request.stdout_fd = data.theirs.get();
  request.stderr_fd = errors.theirs.get();
  Result<io::Child> child = command.helpers != nullptr ? command.helpers->spawn(request) : io::spawn(request);
  if (!child.ok()) {
    Error error = child.error();
    if (error.code == Code::not_found) {
      error.hint = "install OpenSSH's client (openssh-client), or let TRADEWIND_SSH name it";
    }
    return error;
  }
  return std::unique_ptr<SshProcess>(
      new SshProcess(*std::move(child), std::move(data.ours), std::move(errors.ours), command.helpers));
}

SshProcess::~SshProcess() {
  // Whoever cannot be signalled or waited for is not ours any more.
  static_cast<void>(child_.signal_group(SIGTERM).ok());
  if (helpers_ != nullptr) helpers_->forget(child_.pid());
  const Result<std::optional<io::ExitStatus>> ended = child_.wait_for(end_patience);
  if (ended.ok() && !*ended) {
    static_cast<void>(child_.signal_group(SIGKILL).ok());
    static_cast<void>(child_.wait().ok());
  }
  ::shutdown(errors_.get(), SHUT_RDWR);  // something that ssh left behind may hold the other end
  reader_.join();
}

void SshProcess::read_errors() {
  for (;;) {
    char buffer[4096];
    const ssize_t got = ::recv(errors_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (got <= 0) {
      silent_ = true;
      fell_silent_.notify_all();
      return;
    }
    words_.append(buffer, static_cast<std::size_t>(got));
    if (words_.size() > words_bytes_max) words_.erase(0, words_.size() - words_bytes_max);
  }
}

std::string SshProcess::last_words() {
  std::unique_lock lock(mutex_);
  fell_silent_.wait_for(lock, last_words_patience, [this] { return silent_; });
  return words_;
}

}  // namespace tradewind::objectstore
