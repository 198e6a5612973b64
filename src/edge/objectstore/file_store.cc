#include "edge/objectstore/file_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/objectstore/file_time.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/folder_listing.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view temporary_folder = "~tmp";
// Longer than any put can last; what is older was left by a crash.
constexpr std::chrono::hours temporary_age_max{24};

// Random, since several machines may share the folder over a network.
Result<std::string> temporary_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
    return Error{Code::internal, "the system gave no random bytes"};
  }
  char name[32];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(number));
  return std::string(temporary_folder) + "/" + name;
}

// A file under ~tmp that disappears with this unless it got its key.
class TemporaryFile {
 public:
  TemporaryFile(int root, std::string path, UniqueFd opened)
      : root_(root), path_(std::move(path)), opened_(std::move(opened)) {}
  TemporaryFile(TemporaryFile&& other) noexcept = default;
  ~TemporaryFile() {
    if (opened_.valid() && !moved_) ::unlinkat(root_, path_.c_str(), 0);
  }
  int descriptor() const { return opened_.get(); }

  // Both return 0 or an errno.
  int move_to(int folder, const std::string& name) {
    if (::renameat(root_, path_.c_str(), folder, name.c_str()) != 0) return errno;
    moved_ = true;
    return 0;
  }
  // EEXIST when the name is taken: of many callers exactly one gets 0.
  int move_to_free(int folder, const std::string& name) {
    if (::linkat(root_, path_.c_str(), folder, name.c_str(), 0) == 0) return 0;
    const int error_number = errno;
    // Over a network file system the link may have been made and its reply lost: then we have two names.
    struct stat facts {};
    if (::fstat(opened_.get(), &facts) == 0 && facts.st_nlink == 2) return 0;
    if (error_number != EPERM && error_number != EOPNOTSUPP && error_number != ENOSYS) return error_number;
    // A file system without hard links.
    if (::renameat2(root_, path_.c_str(), folder, name.c_str(), RENAME_NOREPLACE) != 0) return errno;
    moved_ = true;
    return 0;
  }

 private:
  int root_;
  std::string path_;
  UniqueFd opened_;
  bool moved_ = false;
};

class FileStore final : public ObjectStore {
 public:
  FileStore(UniqueFd root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  std::string url() const override { return file_url(path_); }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_RETURN_IF_ERROR(check_key(key));
    TW_ASSIGN_OR_RETURN(TemporaryFile written, write_temporary(key, bytes));
    const Opened folder = open_parent_beneath(root_.get(), key, true);
    if (folder.error_number != 0) return put_error(folder.error_number, key);
    const std::string name(last_part(key));
    const int parent = folder.descriptor.get();
    lock_folder(parent, LOCK_SH);
    const int moved = condition == PutCondition::always ? written.move_to(parent, name)
                                                        : written.move_to_free(parent, name);
    if (moved == EEXIST) return taken(parent, name, key);
    if (moved != 0) return put_error(moved, key);
    if (::fsync(parent) != 0) return put_error(errno, key);
    return {};
  }

  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_RETURN_IF_ERROR(check_key(key));
    // O_NONBLOCK: a pipe that somebody put there must not hang us.
    const Opened file = open_beneath(root_.get(), key, {O_RDONLY | O_NONBLOCK});
    if (file.error_number != 0) return get_error(file.error_number, key);
    struct stat facts {};
    if (::fstat(file.descriptor.get(), &facts) != 0) return get_error(errno, key);
    if (!S_ISREG(facts.st_mode)) return not_a_file(facts.st_mode, key);
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    if (range.offset >= size) return std::string();
    const std::uint64_t length = std::min(range.length.value_or(size), size - range.offset);
    std::string bytes;
    const int error_number = read_at(file.descriptor.get(), range.offset, length, bytes);
    if (error_number != 0) return get_error(error_number, key);
    return bytes;
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    const Opened folder = open_parent_beneath(root_.get(), key, false);
    if (folder.error_number != 0) return get_error(folder.error_number, key);
    const std::string name(last_part(key));
    struct stat facts {};
    if (::fstatat(folder.descriptor.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      return get_error(errno, key);
    }
    if (!S_ISREG(facts.st_mode)) return not_a_file(facts.st_mode, key);
    return ObjectInfo{std::string(key), static_cast<std::uint64_t>(facts.st_size), modified_at(facts)};
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    TW_RETURN_IF_ERROR(root_is_there());
    return list_folder(root_.get(), path_, prefix, after, limit);
  }

  Status remove(std::string_view key) override { return remove_if(key, std::nullopt); }
  Status remove_if_older(std::string_view key, Time limit) override { return remove_if(key, limit); }

  // Proves that we can write, and removes what crashes left.
  Status prepare() {
    const Result<TemporaryFile> probe = write_temporary(temporary_folder, "");
    if (!probe.ok()) return probe.error();
    remove_old_temporaries();
    return {};
  }

 private:
  // Puts share a folder, and who removes by age has it alone, from the look at the date to the removal. A
  // file system without such locks leaves a gap between the two.
  static void lock_folder(int folder, int how) {
    while (::flock(folder, how) != 0 && errno == EINTR) {
    }
  }

  Status remove_if(std::string_view key, std::optional<Time> limit) {
    TW_RETURN_IF_ERROR(check_key(key));
    const Opened folder = open_parent_beneath(root_.get(), key, false);
    if (folder.error_number == ENOENT || folder.error_number == ENOTDIR) return root_is_there();
    if (folder.error_number != 0) return file_error(folder.error_number, "remove", path_of(key));
    const int parent = folder.descriptor.get();
    const std::string name(last_part(key));
    if (limit) {
      lock_folder(parent, LOCK_EX);
      struct stat facts {};
      if (::fstatat(parent, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && modified_at(facts) >= *limit) {
        return is_younger(key);
      }
    }
    if (::unlinkat(parent, name.c_str(), 0) != 0) {
      if (errno == ENOENT || errno == EISDIR) return {};  // a folder: no object has this key
      return file_error(errno, "remove", path_of(key));
    }
    if (::fsync(parent) != 0) return file_error(errno, "remove", path_of(key));
    return {};
  }

  std::string path_of(std::string_view key) const { return path_ + "/" + std::string(key); }

  Result<TemporaryFile> write_temporary(std::string_view key, std::string_view bytes) {
    TW_ASSIGN_OR_RETURN(std::string name, temporary_name());
    OpenMode how{O_WRONLY | O_CREAT | O_EXCL};
    how.make_folders = true;
    Opened opened = open_beneath(root_.get(), name, how);
    if (opened.error_number != 0) return put_error(opened.error_number, key);
    TemporaryFile file(root_.get(), std::move(name), std::move(opened.descriptor));
    const int error_number = write_all(file.descriptor(), bytes);
    if (error_number != 0) return put_error(error_number, key);
    if (::fsync(file.descriptor()) != 0) return put_error(errno, key);
    return file;
  }

  void remove_old_temporaries() {
    std::error_code ignored;  // another process may clean at the same time
    const auto oldest = std::filesystem::file_time_type::clock::now() - temporary_age_max;
    std::filesystem::directory_iterator entry(path_of(temporary_folder), ignored);
    for (; entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
      std::error_code failure;
      const auto written = entry->last_write_time(failure);
      if (!failure && written < oldest) std::filesystem::remove(entry->path(), failure);
    }
  }

  Status root_is_there() const {
    struct stat facts {};
    if (::fstat(root_.get(), &facts) != 0) return file_error(errno, "read", path_);
    if (facts.st_nlink > 0) return {};
    return Error{Code::unavailable, "the store's folder '" + path_ + "' was removed while it was in use",
                 "put it back and start again"};
  }

  // if_absent found the name in use.
  Status taken(int folder, const std::string& name, std::string_view key) {
    struct stat facts {};
    if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode)) {
      return put_error(EISDIR, key);
    }
    // The winner's entry may not be on disk yet; whoever reads on because of this answer relies on it.
    if (::fsync(folder) != 0) return put_error(errno, key);
    return Error{Code::conflict, url() + ": object '" + std::string(key) + "' exists"};
  }

  Error put_error(int error_number, std::string_view key) const {
    if (error_number == EISDIR || error_number == ENOTDIR || error_number == ENOTEMPTY ||
        error_number == EEXIST) {
      return {Code::invalid_argument,
              "cannot write '" + path_of(key) + "': an object and a folder cannot have the same name",
              "choose another key"};
    }
    if (error_number == ENOENT) {
      if (const Status there = root_is_there(); !there.ok()) return there.error();
      return {Code::unavailable, "cannot write '" + path_of(key) + "': a folder on the way was removed"};
    }
    return file_error(error_number, "write", path_of(key));
  }

  Error get_error(int error_number, std::string_view key) const {
    if (error_number == ENOENT || error_number == ENOTDIR) {
      if (const Status there = root_is_there(); !there.ok()) return there.error();
      return {Code::not_found, url() + " holds no object '" + std::string(key) + "'"};
    }
    if (error_number == ENXIO) return not_a_file(S_IFSOCK, key);
    return file_error(error_number, "read", path_of(key));
  }

  Error not_a_file(mode_t mode, std::string_view key) const {
    if (S_ISDIR(mode)) return get_error(ENOENT, key);
    if (S_ISLNK(mode)) return file_error(ELOOP, "read", path_of(key));
    return {Code::corrupt, "'" + path_of(key) + "' is not a plain file", "remove it from the store's folder"};
  }

  UniqueFd root_;
  std::string path_;
};

// Makes the folder and those above it, and puts their entries on disk.
Status make_root(const std::filesystem::path& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return {};
  if (path.has_parent_path() && path.parent_path() != path) TW_RETURN_IF_ERROR(make_root(path.parent_path()));
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return file_error(errno, "make folder", path.string());
  }
  TW_ASSIGN_OR_RETURN(const UniqueFd parent, open_folder(path.parent_path().string()));
  if (::fsync(parent.get()) != 0) return file_error(errno, "make folder", path.string());
  return {};
}

Result<std::filesystem::path> usable_root(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error{Code::invalid_argument, "the folder of a file store has no usable name",
                 "name one, as in file:///srv/tradewind"};
  }
  std::error_code failure;
  std::filesystem::path absolute = std::filesystem::absolute(path, failure).lexically_normal();
  if (failure) return Error{Code::unavailable, "cannot find '" + path + "': " + failure.message()};
  if (!absolute.has_filename() && absolute.has_relative_path()) absolute = absolute.parent_path();
  return absolute;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_file_store(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const std::filesystem::path absolute, usable_root(path));
  TW_RETURN_IF_ERROR(make_root(absolute));
  TW_ASSIGN_OR_RETURN(UniqueFd root, open_folder(absolute.string()));
  auto store = std::make_unique<FileStore>(std::move(root), absolute.string());
  TW_RETURN_IF_ERROR(store->prepare());
  return std::unique_ptr<ObjectStore>(std::move(store));
}

Result<std::unique_ptr<ObjectStore>> open_file_store_to_read(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const std::filesystem::path absolute, usable_root(path));
  TW_ASSIGN_OR_RETURN(UniqueFd root, open_folder(absolute.string()));
  return std::unique_ptr<ObjectStore>(std::make_unique<FileStore>(std::move(root), absolute.string()));
}

}  // namespace tradewind::objectstore
