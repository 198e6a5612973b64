#include "edge/checkpoint/tree_writer.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/reversed.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/digest.h"
#include "edge/checkpoint/tree.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::file_error;
using objectstore::open_beneath;
using objectstore::open_parent_beneath;
using objectstore::Opened;

// The manifest's entry of that path, or null. Manifests are sorted by path.
const ManifestFile* find_file(const Manifest& manifest, std::string_view path) {
  const auto found = std::ranges::lower_bound(manifest.files, path, {}, &ManifestFile::path);
  return found == manifest.files.end() || found->path != path ? nullptr : &*found;
}

// 0, or an errno.
int remove_beneath(int root, const TreeEntry& entry) {
  const Opened parent = open_parent_beneath(root, entry.path, false);
  if (parent.error_number != 0) return parent.error_number;
  const std::string name(objectstore::last_part(entry.path));
  const int flags = entry.kind == FileKind::directory ? AT_REMOVEDIR : 0;
  return ::unlinkat(parent.descriptor.get(), name.c_str(), flags) == 0 ? 0 : errno;
}

// Whether it may be written to: a symlink never, a file only if it has no other name.
bool is_ours_alone(int root, const TreeEntry& entry) {
  if (entry.kind != FileKind::file) return entry.kind == FileKind::directory;
  const Opened opened = open_beneath(root, entry.path, {O_PATH});
  struct stat facts {};
  return opened.error_number == 0 && ::fstat(opened.descriptor.get(), &facts) == 0 && facts.st_nlink == 1;
}

// Folders that a restore had closed already, as far as they are folders: 0, or an errno.
int make_writable(int root, const std::string& path) {
  const Opened parent = open_parent_beneath(root, path, false);
  if (parent.error_number != 0) return parent.error_number;
  const std::string name(objectstore::last_part(path));
  return ::fchmodat(parent.descriptor.get(), name.c_str(), 0700, 0) == 0 ? 0 : errno;
}

// A hole has no bytes of anybody: nothing needs to be read to know that.
bool is_hole(int descriptor, std::uint64_t offset, std::uint64_t size) {
  const off64_t data = ::lseek64(descriptor, static_cast<off64_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO;
  return static_cast<std::uint64_t>(data) >= offset + size;
}

}  // namespace

Status TreeWriter::make_files() {
  TW_RETURN_IF_ERROR(remove_what_is_not_ours());
  for (const ManifestFile& file : manifest_.files) {
    if (file.kind == FileKind::directory) TW_RETURN_IF_ERROR(make_folder(file));
    if (file.kind == FileKind::file) TW_RETURN_IF_ERROR(make_file(file));
  }
  return {};
}

Status TreeWriter::remove_what_is_not_ours() {
  TW_ASSIGN_OR_RETURN(const std::vector<TreeEntry> there, read_tree(root_, shown_));
  for (const TreeEntry& entry : there) {
    if (entry.kind != FileKind::directory) continue;
    if (const int problem = make_writable(root_, entry.path); problem != 0) {
      return file_error(problem, "write", shown_ + "/" + entry.path);
    }
  }
  for (const TreeEntry& entry : reversed(there)) {
    const ManifestFile* meant = find_file(manifest_, entry.path);
    const bool stays = meant != nullptr && meant->kind == entry.kind && is_ours_alone(root_, entry);
    if (stays && entry.kind == FileKind::file) found_.insert(meant->path);
    if (stays) continue;
    if (const int problem = remove_beneath(root_, entry); problem != 0) {
      return file_error(problem, "remove", shown_ + "/" + entry.path);
    }
  }
  return {};
}

Status TreeWriter::make_folder(const ManifestFile& file) {
  const Opened parent = open_parent_beneath(root_, file.path, false);
  if (parent.error_number != 0) return failed(parent.error_number, file);
  const std::string name(objectstore::last_part(file.path));
  if (::mkdirat(parent.descriptor.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed(errno, file);
  }
  return {};
}

Status TreeWriter::make_file(const ManifestFile& file) {
  if (found_.contains(file.path)) {
    // It may have its own mode already, which may not let us write.
    if (const int problem = make_writable(root_, file.path); problem != 0) return failed(problem, file);
  }
  const int flags = found_.contains(file.path) ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
  const Opened made = open_beneath(root_, file.path, {flags, 0600});
  if (made.error_number != 0) return failed(made.error_number, file);
  if (::ftruncate(made.descriptor.get(), static_cast<off_t>(file.size)) != 0) return failed(errno, file);
  return {};
}

bool TreeWriter::has(const Place& place, const ChunkRef& bytes) const {
  if (!found_.contains(place.file->path) || bytes.size > chunk_bytes_max) return false;
  const Opened opened = open_beneath(root_, place.file->path, {O_RDONLY});
  if (opened.error_number != 0 || is_hole(opened.descriptor.get(), place.offset, bytes.size)) return false;
  std::string there;
  const int problem = objectstore::read_at(opened.descriptor.get(), place.offset, bytes.size, there);
  return problem == 0 && there.size() == bytes.size && sha256_hex(there) == bytes.digest;
}

Status TreeWriter::write(const Place& place, std::string_view bytes) {
  const Opened opened = open_beneath(root_, place.file->path, {O_WRONLY});
  if (opened.error_number != 0) return failed(opened.error_number, *place.file);
  const int problem = objectstore::write_all_at(opened.descriptor.get(), bytes, place.offset);
  if (problem != 0) return failed(problem, *place.file);
  return {};
}

Status TreeWriter::finish() {
  for (const ManifestFile& file : manifest_.files) {
    if (file.kind != FileKind::symlink) continue;
    const Opened parent = open_parent_beneath(root_, file.path, false);
    if (parent.error_number != 0) return failed(parent.error_number, file);
    const std::string name(objectstore::last_part(file.path));
    if (::symlinkat(file.target.c_str(), parent.descriptor.get(), name.c_str()) != 0) {
      return failed(errno, file);
    }
  }
  for (const ManifestFile& file : reversed(manifest_.files)) TW_RETURN_IF_ERROR(set_facts(file));
  return {};
}

Status TreeWriter::set_facts(const ManifestFile& file) {
  const Opened parent = open_parent_beneath(root_, file.path, false);
  if (parent.error_number != 0) return failed(parent.error_number, file);
  const int folder = parent.descriptor.get();
  const std::string name(objectstore::last_part(file.path));
  if (file.kind != FileKind::symlink && ::fchmodat(folder, name.c_str(), file.mode, 0) != 0) {
    return failed(errno, file);
  }
  timespec times[2] = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = static_cast<time_t>(file.mtime_ns / 1'000'000'000);
  times[1].tv_nsec = static_cast<long>(file.mtime_ns % 1'000'000'000);
  if (times[1].tv_nsec < 0) {  // before 1970
    times[1].tv_nsec += 1'000'000'000;
    times[1].tv_sec -= 1;
  }
  if (::utimensat(folder, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return failed(errno, file);
  return {};
}

Result<std::string> TreeWriter::root_digest_now() const {
  TW_ASSIGN_OR_RETURN(const std::vector<TreeEntry> there, read_tree(root_, shown_));
  const std::vector<ChunkRef> none;
  RootDigest digest;
  for (const TreeEntry& entry : there) {
    const ManifestFile file{entry.path, entry.kind, entry.mode, entry.size, entry.mtime_ns, entry.target};
    const ManifestFile* meant = find_file(manifest_, entry.path);
    digest.add(file, meant != nullptr ? meant->chunks : none);
  }
  return digest.hex();
}

Error TreeWriter::failed(int error_number, const ManifestFile& file) {
  has_failed_ = true;
  if (error_number == ENOENT) {
    return {Code::unavailable, "'" + shown_ + "/" + file.path + "' was removed while it was written"};
  }
  return file_error(error_number, "write", shown_ + "/" + file.path);
}

}  // namespace tradewind::checkpoint
