#include "edge/io/errno_error.h"

#include <cerrno>
#include <cstring>

namespace tradewind::io {
namespace {

struct Meaning {
  Code code;
  const char* hint;
};

Meaning meaning_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return {Code::not_found, ""};
    case EACCES:
    case EPERM:
      return {Code::unauthorized, "check the owner and the permissions"};
    case EROFS:
      return {Code::unauthorized, "the file system is read-only"};
    case EEXIST:
    case ENOTEMPTY:
      return {Code::conflict, ""};
    case ENOSPC:
    case EDQUOT:
      return {Code::unavailable, "free some disk space"};
    case EFBIG:
      return {Code::unavailable, "raise the limit of file sizes (ulimit -f)"};
    case EMFILE:
    case ENFILE:
      return {Code::unavailable, "raise the limit of open files (ulimit -n)"};
    case EAGAIN:
      return {Code::unavailable, "try again; if it lasts, raise the limit of processes (ulimit -u)"};
    case ENOMEM:
      return {Code::unavailable, "free some memory"};
    case EINTR:
    case EBUSY:
    case ETIMEDOUT:
    case EIO:
      return {Code::unavailable, ""};
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR:
    case EINVAL:
    case ENOEXEC:
    case E2BIG:
      return {Code::invalid_argument, ""};
    default:
      return {Code::internal, ""};
  }
}

}  // namespace

Error errno_error(int error_number, const std::string& what) {
  const Meaning meaning = meaning_of(error_number);
  char buffer[128] = {};
  // The GNU form returns the text, which may or may not lie in the buffer.
  const char* words = strerror_r(error_number, buffer, sizeof buffer);
  return {meaning.code, "cannot " + what + ": " + words, meaning.hint};
}

}  // namespace tradewind::io
