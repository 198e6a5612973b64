// The URL of a folder on a host that is reached by SSH.
//   sftp://HOST/absolute/path    sftp://USER@HOST:PORT/absolute/path
//   sftp://HOST/~/path           below the folder in which the server's sessions begin: the user's home
// HOST is whatever ssh knows: a name, an address, [an IPv6 address], or a Host of ~/.ssh/config.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::objectstore {

struct SftpUrl {
  std::string host;  // an IPv6 address without its brackets
  std::string user;  // "": whom ssh logs in
  int port = 0;      // 0: ssh's own choice
  // As it is sent: absolute, or relative to the home ("." is the home itself); without '/' at its end.
  std::string path;
};

// invalid_argument: no host or path, a password (which is not repeated), a host or user that ssh or a shell
// could take for something else, "..", control characters, a bad escape, a query or fragment.
Result<SftpUrl> parse_sftp_url(std::string_view url);
// The URL again, in one form for all that mean the same.
std::string to_text(const SftpUrl& url);

}  // namespace tradewind::objectstore
