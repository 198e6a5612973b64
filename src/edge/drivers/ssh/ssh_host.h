// A host that is reached by the user's own ssh, over one connection that all commands share.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "edge/drivers/ssh/ssh_hosts.h"
#include "edge/io/host.h"

namespace tradewind::ssh {

struct SshOptions {
  HostConfig config;
  // TRADEWIND_SSH in it names another program: "ssh -F /srv/ssh_config".
  std::map<std::string, std::string> environment;
  // Holds the connection's socket; of this user alone, and short: a socket's path has 107 bytes at most.
  std::filesystem::path control_folder;
  Duration connect_patience{15'000};
};

// A host with a connection that lasts, which sockets can be led through.
class LinkedHost : public io::Host {
 public:
  // Makes a socket on the host whose connections come out at our socket. Lasts as long as this connection.
  virtual Status forward(const std::string& far_socket, const std::string& own_socket) = 0;
  virtual void stop_forward(const std::string& far_socket, const std::string& own_socket) = 0;
  // Grows with each connection; 0 before the first.
  virtual std::uint64_t connection() const = 0;
};

class SshHost final : public LinkedHost {
 public:
  explicit SshHost(SshOptions options);
  ~SshHost() override;  // ends the connection
  SshHost(const SshHost&) = delete;
  SshHost& operator=(const SshHost&) = delete;

  std::string name() const override { return target_; }
  // Connects when there is no connection. The command runs in the user's shell, each word quoted.
  Result<io::CommandOutput> run(const io::HostCommand& command) override;
  Status forward(const std::string& far_socket, const std::string& own_socket) override;
  void stop_forward(const std::string& far_socket, const std::string& own_socket) override;
  std::uint64_t connection() const override;

 private:
  Status connect();  // REQUIRES: mutex_ is held
  bool is_connected();
  void disconnect();
  // An order to the connection that there is. REQUIRES: mutex_ is held.
  Result<io::CommandOutput> order(const std::string& what, const std::string& far_socket,
                                  const std::string& own_socket);
  std::vector<std::string> words(const std::vector<std::string>& options) const;
  Error failure(std::string_view words, const std::string& doing) const;

  const SshOptions options_;
  const std::string target_;
  std::vector<std::string> program_;
  std::filesystem::path control_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::optional<io::Child> master_;  // protected by mutex_
  std::uint64_t connections_ = 0;    // protected by mutex_
  int running_ = 0;                  // protected by mutex_; commands now
};

}  // namespace tradewind::ssh
