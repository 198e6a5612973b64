#include "edge/objectstore/sftp/sftp_error.h"

#include "edge/objectstore/sftp/sftp_text.h"

namespace tradewind::objectstore {
namespace {

// The words of the protocol, where the server has none of its own.
std::string words_of(const SftpRefusal& refusal) {
  const std::string said = printable(refusal.message, 200);
  if (!said.empty()) return "the server says '" + said + "'";
  switch (refusal.status) {
    case SftpStatus::no_such_file:
      return "there is no such file";
    case SftpStatus::permission_denied:
      return "permission denied";
    case SftpStatus::unsupported:
      return "the server does not know the operation";
    default:
      return "the server answers with error " + std::to_string(static_cast<std::uint32_t>(refusal.status));
  }
}

}  // namespace

Error sftp_error(const SftpRefusal& refusal, std::string_view action, std::string_view path,
                 std::string_view target) {
  std::string message = "cannot " + std::string(action) + " '" + std::string(path) + "' on " +
                        std::string(target) + ": " + words_of(refusal);
  switch (refusal.status) {
    case SftpStatus::permission_denied:
      return {Code::unauthorized, std::move(message),
              "give the user that ssh logs in as access to it, or name another folder in the URL"};
    case SftpStatus::no_such_file:
      return {Code::not_found, std::move(message)};
    case SftpStatus::bad_message:
      return {Code::invalid_argument, std::move(message),
              "a part of the name may be too long for the server's file system"};
    case SftpStatus::unsupported:
      return {Code::invalid_argument, std::move(message), "a newer SFTP server may know it; OpenSSH's does"};
    case SftpStatus::failure:
      return {
          Code::unavailable, std::move(message),
          "servers say no more than that; look for a full disk, a quota or a read-only file system there"};
    default:
      return {Code::unavailable, std::move(message)};
  }
}

}  // namespace tradewind::objectstore
