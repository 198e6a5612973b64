#include "edge/objectstore/testing/ssh_server.h"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "edge/io/process_tree.h"
#include "edge/io/unique_fd.h"

namespace tradewind::objectstore {
namespace {

std::string user_name() {
  const passwd* const user = ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe): tests ask one by one
  return user == nullptr ? "" : user->pw_name;
}

std::string found(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/local/sbin/", "/usr/bin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  ADD_FAILURE() << name << " is not installed: packaging/deps.sh test";
  return "/nonexistent/" + name;
}

sockaddr_in loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ADD_FAILURE() << "no free port";
  }
  return ntohs(address.sin_port);
}

bool listens(int port) {
  const io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::string sftp_server_program(const std::string& arguments) {
  for (const char* program : {"/usr/lib/openssh/sftp-server", "/usr/lib/sftp-server"}) {
    if (::access(program, X_OK) == 0) return std::string(program) + " " + arguments;
  }
  ADD_FAILURE() << "sftp-server is not installed: packaging/deps.sh test";
  return "/nonexistent/sftp-server";
}

SshServer::SshServer(const std::string& subsystem) {
  make_keys();
  // Of an ordinary user's sshd nothing is asked; root's wants this folder of the system.
  if (::geteuid() == 0) ::mkdir("/run/sshd", 0755);
  for (int attempt = 0; attempt < 5 && !sshd_; ++attempt) {
    port_ = free_port();
    write_config(subsystem);
    if (!start()) sshd_.reset();
  }
  EXPECT_TRUE(sshd_) << "sshd did not come up: " << read_file(folder_.path() / "log");
}

SshServer::~SshServer() {
  stop();
  kill_sessions();
}

void SshServer::make_keys() const {
  for (const char* name : {"host_key", "user_key"}) {
    io::SpawnRequest request;
    request.argv = {
        found("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", (folder_.path() / name).string()};
    const Result<io::CommandOutput> made = io::run_command(request, std::chrono::seconds(20));
    EXPECT_TRUE(made.ok() && made->status.success());
  }
  write_file(folder_.path() / "authorized_keys", read_file(folder_.path() / "user_key.pub"));
}

void SshServer::write_config(const std::string& subsystem) const {
  const std::string folder = folder_.path().string();
  write_file(folder_.path() / "sshd_config",
             "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " + folder +
                 "/host_key\nPidFile none\nAuthorizedKeysFile " + folder +
                 "/authorized_keys\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                 "KbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 200\n"
                 // bash takes it for a shell below another, and reads no ~/.bashrc
                 "SetEnv SHLVL=2\n" +
                 (subsystem.empty() ? "" : "Subsystem sftp " + subsystem + "\n"));
  write_file(folder_.path() / "known_hosts",
             "[127.0.0.1]:" + std::to_string(port_) + " " + read_file(folder_.path() / "host_key.pub"));
  write_file(folder_.path() / "ssh_config",
             "Host nas\n  HostName 127.0.0.1\n  Port " + std::to_string(port_) + "\n  User " + user_name() +
                 "\n  IdentityFile " + folder + "/user_key\n  IdentitiesOnly yes\n  UserKnownHostsFile " +
                 folder + "/known_hosts\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n");
}

bool SshServer::start() {
  io::SpawnRequest request;
  request.argv = {found("sshd"), "-D",
                  "-f",          (folder_.path() / "sshd_config").string(),
                  "-E",          (folder_.path() / "log").string()};
  request.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  Result<io::Child> child = io::spawn(request);
  if (!child.ok()) {
    ADD_FAILURE() << describe(child.error());
    return false;
  }
  sshd_ = *std::move(child);
  for (int i = 0; i < 200; ++i) {
    if (listens(port_)) return true;
    const auto ended = sshd_->wait_for(Duration(50));
    if (!ended.ok() || *ended) return false;
  }
  return false;
}

std::string SshServer::fresh_folder() const {
  static std::atomic<int> number{0};
  return (folder_.path() / ("store" + std::to_string(++number)) / "a folder with späce").string();
}

std::string SshServer::url(const std::string& path) {
  std::string url = "sftp://nas";
  for (const char c : path) url += c == ' ' ? "%20" : std::string(1, c);
  return url;
}

cloud::Variables SshServer::environment() const {
  cloud::Variables environment = io::current_environment();
  environment["TRADEWIND_SSH"] = "ssh -F " + (folder_.path() / "ssh_config").string();
  return environment;
}

cloud::Variables SshServer::environment_with(const std::string& lines) const {
  static std::atomic<int> number{0};
  const auto file = folder_.path() / ("ssh_config" + std::to_string(++number));
  // Of each option ssh takes the first that it reads.
  write_file(file, "Host *\n" + lines + "\n" + read_file(folder_.path() / "ssh_config"));
  cloud::Variables environment = io::current_environment();
  environment["TRADEWIND_SSH"] = "ssh -F " + file.string();
  return environment;
}

int SshServer::kill_sessions() const {
  if (!sshd_) return 0;
  int killed = 0;
  for (const io::ProcessInfo& process : io::descendants(io::list_processes(), sshd_->pid())) {
    if (!process.ended() && io::send_signal(process.identity, SIGKILL)) ++killed;
  }
  return killed;
}

void SshServer::stop() {
  if (!sshd_) return;
  kill_sessions();
  static_cast<void>(sshd_->signal(SIGKILL).ok());
  static_cast<void>(sshd_->wait().ok());
  sshd_.reset();
}

}  // namespace tradewind::objectstore
