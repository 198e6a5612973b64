#include "edge/drivers/ssh/ssh_host.h"

#include <csignal>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/objectstore/sftp/ssh_process.h"

namespace tradewind::ssh {
namespace {

// sshd lets ten sessions share a connection (MaxSessions); two are left for the user's own.
constexpr int sessions_max = 8;
constexpr int exit_of_ssh_itself = 255;

std::string target_of(const HostConfig& config) {
  std::string target = config.user.empty() ? config.host : config.user + "@" + config.host;
  if (config.port != 0) target += ":" + std::to_string(config.port);
  return target;
}

// All that a program wrote into a file in memory.
std::string content_of(const io::UniqueFd& file) {
  std::string text(4096, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace

SshHost::SshHost(SshOptions options) : options_(std::move(options)), target_(target_of(options_.config)) {
  const auto named = options_.environment.find("TRADEWIND_SSH");
  if (named != options_.environment.end()) {
    for (std::string& word : split(named->second, ' ')) {
      if (!word.empty()) program_.push_back(std::move(word));
    }
  }
  if (program_.empty()) program_.emplace_back("ssh");
  control_ = options_.control_folder / (options_.config.name.substr(0, 24) + ".ssh");
}

SshHost::~SshHost() {
  const std::lock_guard lock(mutex_);
  disconnect();
}

// Nothing is asked, nothing of the user's is forwarded, and a host must be known already, whatever the user's
// configuration allows his own logins.
std::vector<std::string> SshHost::words(const std::vector<std::string>& options) const {
  std::vector<std::string> argv = program_;
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "ForwardAgent=no", "ForwardX11=no",
        "PermitLocalCommand=no", "RequestTTY=no", "RemoteCommand=none", "ServerAliveInterval=5",
        "ServerAliveCountMax=3", "ClearAllForwardings=yes", "LogLevel=ERROR"}) {
    argv.insert(argv.end(), {"-o", option});
  }
  argv.insert(argv.end(),
              {"-o", "ConnectTimeout=" + std::to_string(options_.connect_patience.count() / 1000 + 1)});
  const HostConfig& config = options_.config;
  if (config.port != 0) argv.insert(argv.end(), {"-p", std::to_string(config.port)});
  if (!config.user.empty()) argv.insert(argv.end(), {"-l", config.user});
  if (!config.jump.empty()) argv.insert(argv.end(), {"-J", config.jump});
  if (!config.identity.empty()) {
    argv.insert(argv.end(), {"-i", config.identity, "-o", "IdentitiesOnly=yes"});
  }
  if (!config.known_hosts.empty()) {
    argv.insert(argv.end(), {"-o", "UserKnownHostsFile=\"" + config.known_hosts + "\""});
  }
  argv.insert(argv.end(), {"-S", control_.string()});
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {"--", config.host});
  return argv;
}

Error SshHost::failure(std::string_view words, const std::string& doing) const {
  return objectstore::ssh_error("cannot reach " + target_ + " by SSH: ", Error{Code::unavailable, doing},
                                words);
}

bool SshHost::is_connected() {
  if (!master_) return false;
  const Result<std::optional<io::ExitStatus>> ended = master_->wait_for(Duration(0));
  if (ended.ok() && !*ended) return true;
  master_.reset();
  return false;
}

void SshHost::disconnect() {
  if (!master_) return;
  static_cast<void>(master_->signal_group(SIGTERM).ok());
  const Result<std::optional<io::ExitStatus>> ended = master_->wait_for(Duration(2'000));
  if (ended.ok() && !*ended) {
    static_cast<void>(master_->signal_group(SIGKILL).ok());
    static_cast<void>(master_->wait().ok());
  }
  master_.reset();
  ::unlink(control_.c_str());
}

Status SshHost::connect() {
  if (is_connected()) return {};
  TW_RETURN_IF_ERROR(io::make_folders(options_.control_folder, 0700));
  io::SpawnRequest request;
  request.environment = options_.environment;
  if (io::path_exists(control_)) {  // of a program that was killed: its connection ends with it
    request.argv = words({"-O", "exit"});
    static_cast<void>(io::run_command(request, Duration(3'000)).ok());
    ::unlink(control_.c_str());
  }
  const io::UniqueFd said(::memfd_create("ssh", MFD_CLOEXEC));
  request.argv = words({"-M", "-N", "-o", "ControlPersist=no"});
  request.stderr_fd = said.get();
  Result<io::Child> started = io::spawn(request);
  if (!started.ok()) {
    Error error = started.error();
    if (error.code == Code::not_found) error.hint = "install OpenSSH's client (openssh-client)";
    return error;
  }
  io::Child child = *std::move(started);
  constexpr Duration step{20};
  for (Duration waited{}; waited < options_.connect_patience + Duration(2'000); waited += step) {
    TW_ASSIGN_OR_RETURN(const std::optional<io::ExitStatus> ended, child.wait_for(step));
    if (ended) return failure(content_of(said), "ssh ended");
    if (io::path_exists(control_)) {
      master_ = std::move(child);
      ++connections_;
      return {};
    }
  }
  static_cast<void>(child.signal_group(SIGKILL).ok());
  static_cast<void>(child.wait().ok());
  return failure(content_of(said), "no connection within " + format_duration(options_.connect_patience));
}

Result<io::CommandOutput> SshHost::run(const io::HostCommand& command) {
  {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return running_ < sessions_max; });
    TW_RETURN_IF_ERROR(connect());
    ++running_;
  }
  std::string line;
  for (const std::string& word : command.argv) line += (line.empty() ? "" : " ") + io::shell_quoted(word);
  io::SpawnRequest request;
  request.argv = words({"-o", "ControlMaster=no"});
  request.argv.push_back(line);
  request.environment = options_.environment;
  io::UniqueFd input;
  Status ready;
  if (!command.input.empty()) {
    Result<io::UniqueFd> made = io::as_input(command.input);
    if (made.ok()) {
      input = *std::move(made);
      request.stdin_fd = input.get();
    } else {
      ready = made.error();
    }
  }
  Result<io::CommandOutput> output = ready.ok()
                                         ? io::run_command(request, command.timeout, command.output_bytes_max)
                                         : Result<io::CommandOutput>(ready.error());
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  freed_.notify_one();
  if (!output.ok()) {
    const std::string program = command.argv.empty() ? "" : command.argv.front();
    return Error{output.error().code == Code::not_found ? Code::unavailable : output.error().code,
                 "'" + program + "' on " + target_ + ": " + output.error().message, output.error().hint};
  }
  if (!output->status.signaled && output->status.code == exit_of_ssh_itself) {
    return failure(output->err, "the connection ended");
  }
  return output;
}

// Of the user's configuration nothing is wanted here.
Result<io::CommandOutput> SshHost::order(const std::string& what, const std::string& far_socket,
                                         const std::string& own_socket) {
  io::SpawnRequest request;
  request.argv = {program_.front(),
                  "-F",
                  "none",
                  "-S",
                  control_.string(),
                  "-O",
                  what,
                  "-R",
                  far_socket + ":" + own_socket,
                  "--",
                  options_.config.host};
  request.environment = options_.environment;
  return io::run_command(request, options_.connect_patience);
}

Status SshHost::forward(const std::string& far_socket, const std::string& own_socket) {
  const std::lock_guard lock(mutex_);
  TW_RETURN_IF_ERROR(connect());
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, order("forward", far_socket, own_socket));
  if (output.status.success()) return {};
  return Error{Code::unauthorized,
               target_ + " does not let a socket be forwarded to it: " + std::string(trim(output.err)),
               "its sshd_config must have AllowTcpForwarding and AllowStreamLocalForwarding at yes (the "
               "defaults) or remote"};
}

void SshHost::stop_forward(const std::string& far_socket, const std::string& own_socket) {
  const std::lock_guard lock(mutex_);
  if (is_connected()) static_cast<void>(order("cancel", far_socket, own_socket).ok());
}

std::uint64_t SshHost::connection() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

}  // namespace tradewind::ssh
