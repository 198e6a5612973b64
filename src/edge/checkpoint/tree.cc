#include "edge/checkpoint/tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::file_error;
using objectstore::Opened;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : (lead & 0xf0) == 0xe0       ? 2
                                                           : 3;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || i + more >= text.size()) return false;
    for (std::size_t j = 1; j <= more; ++j) {
      if ((byte(i + j) & 0xc0) != 0x80) return false;
    }
    if (more >= 2) {
      const unsigned second = byte(i + 1);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
          (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    i += more + 1;
  }
  return true;
}

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

class Reader {
 public:
  Reader(int root, const std::string& shown) : root_(root), shown_(shown) {}

  // Visits the folder whose entries' paths all begin with `base` ("" or "a/b/").
  Status visit(const std::string& base) {
    const std::size_t first = entries_.size();
    TW_RETURN_IF_ERROR(read_folder(base));
    const std::size_t end = entries_.size();
    // Open folders are not held while we go deeper: depth costs no descriptors.
    for (std::size_t i = first; i < end; ++i) {
      if (entries_[i].kind != FileKind::directory) continue;
      const std::string below = entries_[i].path + "/";
      TW_RETURN_IF_ERROR(visit(below));
    }
    return {};
  }

  std::vector<TreeEntry> take() {
    std::sort(entries_.begin(), entries_.end(),
              [](const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; });
    return std::move(entries_);
  }

 private:
  std::string shown_path(const std::string& path) const {
    return path.empty() ? shown_ : shown_ + "/" + path;
  }

  Status read_folder(const std::string& base) {
    Opened opened = objectstore::open_beneath(root_, base.empty() ? "." : base.substr(0, base.size() - 1),
                                              {O_RDONLY | O_DIRECTORY});
    const int failed = opened.error_number;
    // Removed or replaced since its name was read: the next look will tell.
    if (!base.empty() && (failed == ENOENT || failed == ENOTDIR || failed == ELOOP)) return {};
    if (failed != 0) return file_error(failed, "read folder", shown_path(base));
    const int number = opened.descriptor.get();
    const Folder folder(::fdopendir(number));
    if (!folder) return file_error(errno, "read folder", shown_path(base));
    static_cast<void>(opened.descriptor.release());
    while (true) {
      errno = 0;
      const dirent* found = ::readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): a stream of our own
      if (found == nullptr) break;
      const std::string name = found->d_name;
      if (name == "." || name == ".." || name.starts_with(temporary_prefix)) continue;
      TW_RETURN_IF_ERROR(look(number, base + name, name));
    }
    if (errno != 0) return file_error(errno, "read folder", shown_path(base));
    return {};
  }

  Status look(int folder, const std::string& path, const std::string& name) {
    TreeEntry entry;
    struct stat facts {};
    if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};
      return file_error(errno, "look at", shown_path(path));
    }
    if (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode) && !S_ISLNK(facts.st_mode)) return {};
    entry.path = path;
    set_facts(entry, facts);
    if (entry.kind == FileKind::symlink) {
      std::array<char, PATH_MAX> target{};
      const ssize_t size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
      if (size < 0 && (errno == ENOENT || errno == EINVAL)) return {};
      if (size < 0) return file_error(errno, "read link", shown_path(path));
      entry.target.assign(target.data(), static_cast<std::size_t>(size));
    }
    if (!is_utf8(path) || !is_utf8(entry.target)) {
      return Error{Code::invalid_argument,
                   "'" + shown_path(path) + "' has a name or target that is not UTF-8",
                   "rename it, or keep it outside the checkpoint folder"};
    }
    entries_.push_back(std::move(entry));
    return {};
  }

  int root_;
  const std::string& shown_;
  std::vector<TreeEntry> entries_;
};

}  // namespace

bool same(const TreeEntry& a, const TreeEntry& b) {
  if (a.path != b.path || a.kind != b.kind || a.mode != b.mode) return false;
  if (a.kind == FileKind::directory) return true;
  return a.size == b.size && a.mtime_ns == b.mtime_ns && a.ctime_ns == b.ctime_ns && a.device == b.device &&
         a.inode == b.inode && a.target == b.target;
}

void set_facts(TreeEntry& entry, const struct stat& facts) {
  entry.kind = S_ISDIR(facts.st_mode)   ? FileKind::directory
               : S_ISLNK(facts.st_mode) ? FileKind::symlink
                                        : FileKind::file;
  entry.mode = facts.st_mode & 07777U;
  entry.size = entry.kind == FileKind::file ? static_cast<std::uint64_t>(facts.st_size) : 0;
  entry.mtime_ns = nanoseconds(facts.st_mtim);
  entry.ctime_ns = nanoseconds(facts.st_ctim);
  entry.device = facts.st_dev;
  entry.inode = facts.st_ino;
}

Result<std::vector<TreeEntry>> read_tree(int root, const std::string& shown) {
  Reader reader(root, shown);
  TW_RETURN_IF_ERROR(reader.visit(""));
  return reader.take();
}

}  // namespace tradewind::checkpoint
