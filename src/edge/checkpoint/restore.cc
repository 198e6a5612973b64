#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/checkpoint/capture.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/folder_swap.h"
#include "edge/checkpoint/parallel.h"
#include "edge/io/files.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::file_error;
using objectstore::Opened;
using std::filesystem::path;

// Every file's folder must be a folder of the manifest: so no file can lie behind one of its symlinks.
Status check_tree(const Manifest& manifest) {
  std::set<std::string_view> folders;
  for (const ManifestFile& file : manifest.files) {
    const std::string_view whole = file.path;
    const std::size_t slash = whole.rfind('/');
    if (slash != std::string_view::npos && !folders.contains(whole.substr(0, slash))) {
      return Error{Code::corrupt, "the manifest has '" + file.path + "', but not the folder that holds it"};
    }
    if (file.kind == FileKind::directory) folders.insert(whole);
  }
  return {};
}

Status check_space(const Manifest& manifest, const path& folder) {
  const std::uint64_t needed = total_bytes(manifest);
  const Result<std::uint64_t> available = io::free_disk_bytes(folder);
  if (!available.ok() || *available >= needed) return {};  // where nobody knows, writing will tell
  return Error{Code::unavailable,
               "the checkpoint needs " + format_bytes(needed) + ", but there are " +
                   format_bytes(*available) + " left where '" + folder.string() + "' lies",
               "free some space, or let checkpoint.path lie on a larger disk"};
}

// Writes a manifest's files below one folder. Nothing is written through a symlink: they are made last, and
// each part of each path is opened without following any.
class TreeWriter {
 public:
  TreeWriter(int root, std::string shown, const Manifest& manifest)
      : root_(root), shown_(std::move(shown)), manifest_(manifest) {}

  // Folders, writable for now, and empty files of full size.
  Status make_files() {
    for (const ManifestFile& file : manifest_.files) {
      if (file.kind == FileKind::symlink) continue;
      if (file.kind == FileKind::directory) {
        const Opened parent = objectstore::open_parent_beneath(root_, file.path, false);
        if (parent.error_number != 0) return failed(parent.error_number, file);
        const std::string name(objectstore::last_part(file.path));
        if (::mkdirat(parent.descriptor.get(), name.c_str(), 0700) != 0) return failed(errno, file);
        continue;
      }
      const Opened made = objectstore::open_beneath(root_, file.path, {O_WRONLY | O_CREAT | O_EXCL, 0600});
      if (made.error_number != 0) return failed(made.error_number, file);
      if (::ftruncate(made.descriptor.get(), static_cast<off_t>(file.size)) != 0) return failed(errno, file);
    }
    return {};
  }

  // Safe from several threads at once for different places.
  Status write(const ManifestFile& file, std::uint64_t offset, std::string_view bytes) const {
    const Opened opened = objectstore::open_beneath(root_, file.path, {O_WRONLY});
    if (opened.error_number != 0) return failed(opened.error_number, file);
    const int error_number = objectstore::write_all_at(opened.descriptor.get(), bytes, offset);
    if (error_number != 0) return failed(error_number, file);
    // The disk begins now, so that little is left to wait for when the folder takes its place. Only a hint.
    static_cast<void>(::sync_file_range(opened.descriptor.get(), static_cast<off64_t>(offset),
                                        static_cast<off64_t>(bytes.size()), SYNC_FILE_RANGE_WRITE));
    return {};
  }

  // Symlinks, then modes and times; a folder's after all that is in it.
  Status finish() {
    for (const ManifestFile& file : manifest_.files) {
      if (file.kind != FileKind::symlink) continue;
      const Opened parent = objectstore::open_parent_beneath(root_, file.path, false);
      if (parent.error_number != 0) return failed(parent.error_number, file);
      const std::string name(objectstore::last_part(file.path));
      if (::symlinkat(file.target.c_str(), parent.descriptor.get(), name.c_str()) != 0) {
        return failed(errno, file);
      }
    }
    for (std::size_t i = manifest_.files.size(); i-- > 0;) {
      TW_RETURN_IF_ERROR(set_facts(manifest_.files[i]));
    }
    return {};
  }

 private:
  Status set_facts(const ManifestFile& file) {
    const Opened parent = objectstore::open_parent_beneath(root_, file.path, false);
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

  Error failed(int error_number, const ManifestFile& file) const {
    if (error_number == ENOENT) {
      return {Code::unavailable, "'" + shown_ + "/" + file.path + "' was removed while it was written"};
    }
    return file_error(error_number, "write", shown_ + "/" + file.path);
  }

  int root_;
  std::string shown_;
  const Manifest& manifest_;
};

// Where a chunk's bytes belong, or a part of them.
struct Spot {
  const ManifestFile* file = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t from = 0;  // in the chunk
  std::uint64_t size = 0;
};
using Spots = std::map<std::pair<std::string, std::uint64_t>, std::vector<Spot>>;  // by digest and size

Spots spots_of(const Manifest& manifest) {
  Spots spots;
  for (const ManifestFile& file : manifest.files) {
    if (file.packed) {
      const ChunkRef& pack = file.packed->pack;
      spots[{pack.digest, pack.size}].push_back({&file, 0, file.packed->offset, file.size});
      continue;
    }
    std::uint64_t offset = 0;
    for (const ChunkRef& chunk : file.chunks) {
      spots[{chunk.digest, chunk.size}].push_back({&file, offset, 0, chunk.size});
      offset += chunk.size;
    }
  }
  return spots;
}

// Each chunk is fetched once and written wherever it belongs.
Result<TransferCount> write_chunks(const ChunkPlace& place, const Manifest& manifest,
                                   const TreeWriter& writer) {
  const Spots spots = spots_of(manifest);
  std::vector<const Spots::value_type*> chunks;
  for (const auto& chunk : spots) chunks.push_back(&chunk);
  TransferCount count;  // guarded by mutex
  std::mutex mutex;
  const auto write_chunk = [&](std::size_t index) -> Status {
    const auto& [name, places] = *chunks[index];
    TW_ASSIGN_OR_RETURN(const FetchedChunk fetched, fetch_chunk(place, ChunkRef{name.first, name.second}));
    for (const Spot& spot : places) {
      TW_RETURN_IF_ERROR(writer.write(*spot.file, spot.offset,
                                      std::string_view(fetched.plain).substr(spot.from, spot.size)));
    }
    const std::lock_guard lock(mutex);
    if (fetched.from_local) return {};
    count.bytes_moved += fetched.plain.size();
    ++count.chunks;
    return {};
  };
  const auto bytes_of = [&](std::size_t index) { return chunks[index]->first.second; };
  TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, write_chunk));
  const std::uint64_t bytes = total_bytes(manifest);
  count.bytes_reused = bytes - std::min(bytes, count.bytes_moved);  // equal small files may share a pack
  return count;
}

// The folder that is meant: a symlink at its place was made by a person who wants the state elsewhere.
Result<path> real_folder(const path& folder) {
  std::error_code failure;
  path real = std::filesystem::weakly_canonical(std::filesystem::absolute(folder, failure), failure);
  if (failure) return Error{Code::unavailable, "cannot find '" + folder.string() + "': " + failure.message()};
  if (!real.has_filename()) real = real.parent_path();
  if (!real.has_filename()) {
    return Error{Code::invalid_argument, "'" + folder.string() + "' cannot be replaced",
                 "set checkpoint.path to a folder of its own"};
  }
  return real;
}

Status keep_mode(int made, const path& folder) {
  struct stat facts {};
  const mode_t mode = ::stat(folder.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0755;
  if (::fchmod(made, mode) != 0) return file_error(errno, "write", folder.string());
  return {};
}

}  // namespace

Result<Restored> restore(const ChunkPlace& place, const ManifestId& id, const path& folder) {
  Restored restored;
  TW_ASSIGN_OR_RETURN(restored.manifest, read_manifest(place, id));
  TW_RETURN_IF_ERROR(check_tree(restored.manifest));
  TW_ASSIGN_OR_RETURN(const path target, real_folder(folder));
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  TW_RETURN_IF_ERROR(recover_folder(target));
  TW_RETURN_IF_ERROR(check_space(restored.manifest, target.parent_path()));

  const path made = folder_being_made(target);
  TW_RETURN_IF_ERROR(io::make_folders(made, 0700));
  {
    TW_ASSIGN_OR_RETURN(const objectstore::UniqueFd root, objectstore::open_folder(made.string()));
    TreeWriter writer(root.get(), made.string(), restored.manifest);
    const auto write = [&]() -> Status {
      TW_RETURN_IF_ERROR(writer.make_files());
      TW_ASSIGN_OR_RETURN(restored.count, write_chunks(place, restored.manifest, writer));
      TW_RETURN_IF_ERROR(writer.finish());
      return keep_mode(root.get(), target);
    };
    if (const Status written = write(); !written.ok()) {
      static_cast<void>(io::remove_tree(made));
      return written.error();
    }
  }
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestFile> on_disk, capture_like(made, restored.manifest.files));
  restored.root_digest = root_digest(on_disk);
  if (restored.root_digest != restored.manifest.root_digest) {
    static_cast<void>(io::remove_tree(made));
    return Error{Code::corrupt, "the restored files of checkpoint " + id.text() +
                                    " are not what the manifest says: root digest " + restored.root_digest};
  }
  TW_RETURN_IF_ERROR(swap_in_folder(target));
  return restored;
}

}  // namespace tradewind::checkpoint
