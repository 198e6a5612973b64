#include "edge/drivers/local/claims.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/io/errno_error.h"

namespace tradewind::local {
namespace {

using std::filesystem::path;

// Everybody may make and lock files there, and remove his own.
Status make_shared_folder(const path& folder) {
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno == EEXIST) return {};
    return io::errno_error(errno, "make " + folder.string());
  }
  if (::chmod(folder.c_str(), 01777) != 0) return io::errno_error(errno, "share " + folder.string());
  return {};
}

// Opened to be locked: that needs no right to write, so that a file of another user's serves too.
io::UniqueFd open_claim(const path& file, bool make) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    io::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd.valid() || errno != ENOENT || !make) return fd;
    fd = io::UniqueFd(::open(file.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (fd.valid() || errno != EEXIST) return fd;
  }
  return {};
}

// A file that its holder removed while we waited to lock it locks nothing.
bool is_still(const path& file, const io::UniqueFd& fd) {
  struct stat there = {};
  struct stat ours = {};
  return ::stat(file.c_str(), &there) == 0 && ::fstat(fd.get(), &ours) == 0 && there.st_ino == ours.st_ino &&
         there.st_dev == ours.st_dev;
}

// Nothing: somebody else has it.
Result<std::optional<io::UniqueFd>> try_claim(const path& file) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    io::UniqueFd fd = open_claim(file, true);
    if (!fd.valid()) return io::errno_error(errno, "open " + file.string());
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<io::UniqueFd>();
      return io::errno_error(errno, "lock " + file.string());
    }
    if (is_still(file, fd)) return std::optional<io::UniqueFd>(std::move(fd));
  }
  return std::optional<io::UniqueFd>();
}

path file_of(const path& folder, const std::string& kind, int number) {
  return folder / (kind + "-" + std::to_string(number));
}

int free_of(const path& folder, const std::string& kind, int total) {
  int free = 0;
  for (int i = 0; i < total; ++i) {
    const io::UniqueFd fd = open_claim(file_of(folder, kind, i), false);
    // A shared lock, given back at once: two who look do not hinder each other.
    const bool taken = fd.valid() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!taken) ++free;
  }
  return free;
}

}  // namespace

Result<Claims> Claims::take(const Share& share) {
  Claims claims;
  if (share.claims.empty()) return claims;
  TW_RETURN_IF_ERROR(make_shared_folder(share.claims));
  TW_RETURN_IF_ERROR(claims.take_some(share.claims, "gpu", share.gpus, share.gpus_total, claims.gpus_));
  TW_RETURN_IF_ERROR(claims.take_some(share.claims, "core", share.cores, share.cores_total, claims.cores_));
  return claims;
}

bool Claims::has_room(const Share& share) {
  if (share.claims.empty()) return true;
  return (share.gpus_total == 0 || free_of(share.claims, "gpu", share.gpus_total) >= share.gpus) &&
         (share.cores_total == 0 || free_of(share.claims, "core", share.cores_total) >= share.cores);
}

Status Claims::take_some(const path& folder, const std::string& kind, int wanted, int total,
                         std::vector<int>& taken) {
  for (int i = 0; i < total && static_cast<int>(taken.size()) < wanted; ++i) {
    const path file = file_of(folder, kind, i);
    TW_ASSIGN_OR_RETURN(std::optional<io::UniqueFd> lock, try_claim(file));
    if (!lock) continue;
    held_.push_back({file, *std::move(lock)});
    taken.push_back(i);
  }
  if (total == 0 || static_cast<int>(taken.size()) >= wanted) return {};
  return Error{Code::insufficient_capacity,
               "others on this machine have claimed " +
                   std::to_string(total - static_cast<int>(taken.size())) + " of its " +
                   std::to_string(total) + " " + kind + "s, and " + std::to_string(wanted) + " are wanted",
               "wait, or look at who holds the files in " + folder.string() + " (fuser)"};
}

// Removed while they are locked: whoever opened one meanwhile finds that it is no more (is_still).
void Claims::give_back() {
  if (held_.empty()) return;
  const path folder = held_.front().path.parent_path();
  for (const Held& held : held_) ::unlink(held.path.c_str());
  held_.clear();
  ::rmdir(folder.c_str());  // when it was the last
}

}  // namespace tradewind::local
