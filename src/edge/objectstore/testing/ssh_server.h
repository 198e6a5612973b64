// A real sshd on loopback, with keys of its own, that runs as whoever runs the test. Needs Debian's
// openssh-server and openssh-client; nothing of the machine's own configuration is used, and nothing outside
// its folder is written.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "edge/cloud/variables.h"
#include "edge/io/process.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::objectstore {

class SshServer {
 public:
  // `subsystem`: what serves SFTP; "": nothing does. A failed check where it does not come up.
  explicit SshServer(const std::string& subsystem = "internal-sftp");
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  // A folder that the server can see, not there yet.
  std::string fresh_folder() const;
  // "sftp://nas/…" of an absolute path: `nas` is a Host of the client's configuration.
  static std::string url(const std::string& path);
  // With which ssh finds the server.
  cloud::Variables environment() const;
  // The same after changing lines of the client's configuration: "IdentityFile /dev/null".
  cloud::Variables environment_with(const std::string& lines) const;
  int port() const { return port_; }

  // Kills all sessions under way, as a crash or a lost link would. How many processes that were.
  int kill_sessions() const;
  // Stops listening; sessions under way go on.
  void stop();

 private:
  void make_keys() const;
  void write_config(const std::string& subsystem) const;
  bool start();

  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<io::Child> sshd_;
};

// Debian's program that serves SFTP, with arguments for what it shall not know: "-P hardlink".
std::string sftp_server_program(const std::string& arguments);

}  // namespace tradewind::objectstore
