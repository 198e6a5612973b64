#include "edge/objectstore/posix_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tradewind::objectstore {
namespace {

std::string cause_of(int error_number) {
  return std::generic_category().message(error_number);
}

// Opens the folder `name` in `parent`. Made when it is missing and `make` is set; its entry in the parent is
// synced also when another process made it in the meantime, since that process may not have got to it.
Opened open_step(int parent, const std::string& name, bool make) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd next(::openat(parent, name.c_str(), flags));
  if (!next.valid() && errno == ENOENT && make) {
    if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST) return {UniqueFd(), errno};
    if (::fsync(parent) != 0) return {UniqueFd(), errno};
    next = UniqueFd(::openat(parent, name.c_str(), flags));
  }
  const int error_number = next.valid() ? 0 : errno;
  return {std::move(next), error_number};
}

}  // namespace

Error file_error(int error_number, std::string_view action, const std::string& path) {
  std::string message = "cannot " + std::string(action) + " '" + path + "': " + cause_of(error_number);
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return {Code::unauthorized, std::move(message),
              "give user id " + std::to_string(::geteuid()) + " access to it, or name another folder"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {Code::unavailable, std::move(message), "free some space on the file system that holds it"};
    case ENOENT:
      return {Code::not_found, std::move(message)};
    case EEXIST:
      return {Code::conflict, std::move(message)};
    case ELOOP:
      return {Code::corrupt, "'" + path + "' is a symbolic link, which is not followed here",
              "put the file itself in its place"};
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EINVAL:
      return {Code::invalid_argument, std::move(message)};
    default:
      return {Code::unavailable, std::move(message)};
  }
}

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return file_error(errno, "open folder", path);
  return folder;
}

std::string_view last_part(std::string_view relative) {
  const std::size_t slash = relative.rfind('/');
  return slash == std::string_view::npos ? relative : relative.substr(slash + 1);
}

Opened open_parent_beneath(int folder, std::string_view relative, bool make_folders) {
  UniqueFd current(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (!current.valid()) return {UniqueFd(), errno};
  for (std::size_t slash = relative.find('/'); slash != std::string_view::npos; slash = relative.find('/')) {
    const std::string part(relative.substr(0, slash));
    if (part.empty() || part == "..") return {UniqueFd(), EINVAL};
    Opened next = open_step(current.get(), part, make_folders);
    if (next.error_number != 0) return next;
    current = std::move(next.descriptor);
    relative.remove_prefix(slash + 1);
  }
  return {std::move(current), 0};
}

Opened open_beneath(int folder, std::string_view relative, const OpenMode& how) {
  Opened parent = open_parent_beneath(folder, relative, how.make_folders);
  if (parent.error_number != 0) return parent;
  const std::string name(last_part(relative));
  if (name.empty() || name == "..") return {UniqueFd(), EINVAL};
  UniqueFd opened(
      ::openat(parent.descriptor.get(), name.c_str(), how.flags | O_CLOEXEC | O_NOFOLLOW, how.mode));
  const int error_number = opened.valid() ? 0 : errno;
  return {std::move(opened), error_number};
}

namespace {

// The kernel caches what one call writes in pages as large as the call. Those of megabytes are rarely at
// hand: on a virtual machine they are fetched from the host (docs/performance.md has numbers).
constexpr std::size_t write_bytes_max = std::size_t{256} << 10;

}  // namespace

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), write_bytes_max));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), std::min(bytes.size(), write_bytes_max),
                                     static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

int read_at(int descriptor, std::uint64_t offset, std::uint64_t size, std::string& bytes) {
  bytes.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(descriptor, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return 0;
}

}  // namespace tradewind::objectstore
