// What ssh's words mean. They are the same in every language: OpenSSH translates nothing.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "edge/objectstore/sftp/sftp_text.h"
#include "edge/objectstore/sftp/ssh_process.h"

namespace tradewind::objectstore {
namespace {

struct Meaning {
  std::string_view words;
  Code code;
  std::string_view cure;
};

// The first that is found counts: what explains more stands before what merely goes with it.
constexpr std::array<Meaning, 20> meanings = {{
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", Code::unauthorized,
     "if the host was set up anew, remove its old key with ssh-keygen -R and log in once by hand; if not, "
     "somebody may be in between"},
    {"Host key verification failed", Code::unauthorized,
     "log in once by hand with ssh to see and accept the host's key, or add it to ~/.ssh/known_hosts"},
    {"Permission denied (", Code::unauthorized,
     "let that user's ~/.ssh/authorized_keys hold your key (ssh-copy-id), and load a key that has a "
     "passphrase "
     "into ssh-agent: nothing is asked for here"},
    {"Too many authentication failures", Code::unauthorized,
     "say in ~/.ssh/config which key is for this host: IdentityFile and IdentitiesOnly yes"},
    {"Bad owner or permissions on", Code::invalid_argument, "let only yourself write that file"},
    {"Bad configuration option", Code::invalid_argument, "correct ~/.ssh/config"},
    {"Cannot execute command-line and remote command", Code::invalid_argument,
     "give the host a second Host entry in ~/.ssh/config, without RemoteCommand"},
    {"terminating, ", Code::invalid_argument, "correct ~/.ssh/config"},
    {"subsystem request failed", Code::invalid_argument,
     "the server offers no SFTP: put 'Subsystem sftp internal-sftp' into its sshd_config"},
    {"no matching ", Code::invalid_argument,
     "client and server have no algorithm in common: renew the older of them"},
    {"Temporary failure in name resolution", Code::unavailable, "see whether this machine's DNS answers"},
    {"Could not resolve hostname", Code::not_found,
     "correct the host in the URL, or name it as a Host in ~/.ssh/config"},
    {"Connection refused", Code::not_found,
     "no SSH server listens there: start it, or say its port in the URL"},
    {"No route to host", Code::unavailable, "see whether the host is up and its network reached"},
    {"Network is unreachable", Code::unavailable, "see whether this machine's network is up"},
    {"timed out", Code::unavailable, "see whether the host is up and a firewall lets SSH through"},
    {"Connection closed by", Code::unavailable,
     "the server's log says why; it may have had too many logins at once (MaxStartups)"},
    {"Connection reset by", Code::unavailable,
     "the server's log says why; it may have had too many logins at once (MaxStartups)"},
    {"administratively prohibited", Code::unauthorized, "the server's sshd_config forbids it"},
    {"Broken pipe", Code::unavailable, ""},
}};

// The last lines that say something, as one line.
std::string quoted(std::string_view words) {
  constexpr std::size_t lines_max = 3;
  constexpr std::size_t line_bytes_max = 200;
  std::vector<std::string> lines;
  for (const std::string& line : split(words, '\n')) {
    std::string shown = printable(line, line_bytes_max);
    const bool noise = shown.empty() || shown.starts_with("Warning: Permanently added") ||
                       shown.find_first_not_of('@') == std::string::npos;
    if (!noise) lines.push_back(std::move(shown));
  }
  if (lines.size() > lines_max) lines.erase(lines.begin(), lines.end() - lines_max);
  return join(lines, "; ");
}

}  // namespace

Error ssh_error(const SshCommand& command, const Error& problem, std::string_view words) {
  return ssh_error("cannot reach " + command.target + " by SFTP: ", problem, words);
}

Error ssh_error(const std::string& where, const Error& problem, std::string_view words) {
  const std::string said = quoted(words);
  // What the session saw is the cause itself unless the stream just ended.
  if (problem.code != Code::unavailable) return {problem.code, where + problem.message, problem.hint};
  const auto found = std::find_if(meanings.begin(), meanings.end(), [words](const Meaning& meaning) {
    return words.find(meaning.words) != std::string_view::npos;
  });
  if (found != meanings.end()) return {found->code, where + "ssh says: " + said, std::string(found->cure)};
  // It may be a banner only.
  return {Code::unavailable, where + problem.message + (said.empty() ? "" : "; ssh says: " + said),
          problem.hint};
}

}  // namespace tradewind::objectstore
