#include "app/server/token_file.h"

#include <array>
#include <cerrno>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"

namespace tradewind::server {
namespace {

constexpr std::size_t token_letters = 64;

Result<std::string> fresh_token() {
  std::array<unsigned char, token_letters / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return io::errno_error(errno, "draw a random token");
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) {
    token += digits[byte >> 4];
    token += digits[byte & 15];
  }
  return token;
}

}  // namespace

Result<std::string> load_or_make_token(const std::string& path) {
  if (!io::path_exists(path)) {
    TW_ASSIGN_OR_RETURN(const std::string made, fresh_token());
    const Status created = io::create_file_atomic(path, made + "\n", {0600, true});
    if (created.ok()) return made;
    if (created.error().code != Code::conflict) return created.error();
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return Error{Code::unauthorized, "the token file " + path + " can be read by others",
                 "chmod 600 '" + path + "', or delete it to get a new token"};
  }
  TW_ASSIGN_OR_RETURN(const std::string held, io::read_file(path, 4096));
  std::string token(trim(held));
  if (token.size() != token_letters || token.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Error{Code::corrupt, "the token file " + path + " does not hold a token",
                 "delete it to get a new one"};
  }
  return token;
}

}  // namespace tradewind::server
