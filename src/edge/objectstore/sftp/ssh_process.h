// The user's own OpenSSH client as a subprocess, so that ~/.ssh/config, agents, certificates, jump hosts and
// known hosts are what the user knows them to be.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "edge/cloud/variables.h"
#include "edge/io/helper_processes.h"
#include "edge/io/process.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/sftp/sftp_url.h"

namespace tradewind::objectstore {

struct SshCommand {
  std::vector<std::string> argv;
  cloud::Variables environment;
  std::string target;                      // "ana@nas:2222", for messages
  io::HelperProcesses* helpers = nullptr;  // where the program is made known as one of our own
};

// TRADEWIND_SSH names another program, with arguments separated by blanks: "ssh -F /srv/ssh_config". Nothing
// asks for a password or a passphrase, nothing is forwarded, and no connection is left behind as another's
// master.
SshCommand ssh_command(const SftpUrl& url, const cloud::Variables& environment);

// A started ssh. Destroying it ends the program and all that it started.
class SshProcess {
 public:
  // REQUIRES: the command's helpers outlive it. not_found: there is no such program; else those of io::spawn.
  static Result<std::unique_ptr<SshProcess>> start(const SshCommand& command);
  ~SshProcess();
  SshProcess(const SshProcess&) = delete;
  SshProcess& operator=(const SshProcess&) = delete;

  // What ssh passes on to the server and back; once.
  io::UniqueFd take_socket() { return std::move(socket_); }
  // What it wrote to stderr, the last 4 KiB. Gives a program that is ending a moment to say why.
  std::string last_words();

 private:
  SshProcess(io::Child child, io::UniqueFd socket, io::UniqueFd errors, io::HelperProcesses* helpers);
  void read_errors();

  io::Child child_;
  io::UniqueFd socket_;
  const io::UniqueFd errors_;
  io::HelperProcesses* const helpers_;
  std::mutex mutex_;
  std::string words_;    // protected by mutex_
  bool silent_ = false;  // protected by mutex_: nothing more will come
  std::condition_variable fell_silent_;
  std::thread reader_;  // last: it uses the rest
};

// What became of a connection, from what ssh said: unauthorized (key refused, host key unknown or changed),
// not_found (nobody listens), invalid_argument (its configuration, no sftp subsystem), else unavailable.
// `problem` is what the session said.
Error ssh_error(const SshCommand& command, const Error& problem, std::string_view words);
// The same of another use: `where` is "cannot reach gpu1 by SSH: ".
Error ssh_error(const std::string& where, const Error& problem, std::string_view words);

}  // namespace tradewind::objectstore
