#include <algorithm>
#include <cerrno>
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
#include "edge/checkpoint/tree_writer.h"
#include "edge/io/files.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::file_error;
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

// What the files below a folder take up, as far as they can be looked at; holes take up nothing.
std::uint64_t bytes_on_disk(const path& folder) {
  constexpr std::uint64_t block = 512;  // as stat(2) counts
  std::uint64_t bytes = 0;
  std::error_code problem;
  std::filesystem::recursive_directory_iterator entry(folder, problem);
  for (; !problem && entry != std::filesystem::recursive_directory_iterator(); entry.increment(problem)) {
    struct stat facts {};
    if (::lstat(entry->path().c_str(), &facts) != 0) continue;
    bytes += static_cast<std::uint64_t>(facts.st_blocks) * block;
  }
  return bytes;
}

// `made` may hold some of it already.
Status check_space(const Manifest& manifest, const path& folder, const path& made) {
  const std::uint64_t whole = total_bytes(manifest);
  const std::uint64_t needed = whole - std::min(whole, bytes_on_disk(made));
  const Result<std::uint64_t> available = io::free_disk_bytes(folder);
  if (!available.ok() || *available >= needed) return {};  // where nobody knows, writing will tell
  return Error{Code::unavailable,
               "the checkpoint needs " + format_bytes(needed) + ", but there are " +
                   format_bytes(*available) + " left where '" + folder.string() + "' lies",
               "free some space, or let checkpoint.path lie on a larger disk"};
}

// Where a chunk's bytes belong, or a part of them.
struct Spot {
  TreeWriter::Place place;
  std::uint64_t from = 0;           // in the chunk
  const ChunkRef* bytes = nullptr;  // of the manifest, as the place's file is
};
using Spots = std::map<std::pair<std::string_view, std::uint64_t>, std::vector<Spot>>;  // by digest and size

Spots spots_of(const Manifest& manifest) {
  Spots spots;
  for (const ManifestFile& file : manifest.files) {
    if (file.packed) {
      const ChunkRef& pack = file.packed->pack;
      spots[{pack.digest, pack.size}].push_back({{&file, 0}, file.packed->offset, file.chunks.data()});
      continue;
    }
    std::uint64_t offset = 0;
    for (const ChunkRef& chunk : file.chunks) {
      spots[{chunk.digest, chunk.size}].push_back({{&file, offset}, 0, &chunk});
      offset += chunk.size;
    }
  }
  return spots;
}

// Brings the chunks, each once, to wherever they belong, but for those that are there already.
class Filler {
 public:
  Filler(const ChunkPlace& place, const RestoreRequest& request, TreeWriter& writer)
      : place_(place), request_(request), writer_(writer) {}

  Result<TransferCount> fill(const Manifest& manifest) {
    const Spots spots = spots_of(manifest);
    std::vector<const Spots::value_type*> chunks;
    for (const auto& chunk : spots) chunks.push_back(&chunk);
    const auto bytes_of = [&](std::size_t index) { return chunks[index]->first.second; };
    const auto bring = [&](std::size_t index) {
      const auto& [name, places] = *chunks[index];
      return bring_chunk({std::string(name.first), name.second}, places);
    };
    TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, bring));
    const std::uint64_t bytes = total_bytes(manifest);
    count_.bytes_reused = bytes - std::min(bytes, count_.bytes_moved);  // equal small files may share a pack
    return count_;
  }

 private:
  Status bring_chunk(const ChunkRef& chunk, const std::vector<Spot>& spots) {
    std::vector<const Spot*> missing;
    for (const Spot& spot : spots) {
      if (!writer_.has(spot.place, *spot.bytes)) missing.push_back(&spot);
    }
    if (missing.empty()) {
      if (request_.on_kept) request_.on_kept(chunk.size);
      return {};
    }
    TW_ASSIGN_OR_RETURN(const FetchedChunk fetched, fetch_chunk(place_, chunk));
    for (const Spot* spot : missing) TW_RETURN_IF_ERROR(write(*spot, chunk, fetched.plain));
    const std::lock_guard lock(mutex_);
    if (fetched.from_local) return {};
    count_.bytes_moved += fetched.plain.size();
    ++count_.chunks;
    return {};
  }

  // A whole chunk has been proved; a part of a pack has its own digest.
  Status write(const Spot& spot, const ChunkRef& chunk, std::string_view plain) {
    const std::string_view bytes = plain.substr(spot.from, spot.bytes->size);
    if (*spot.bytes != chunk && sha256_hex(bytes) != spot.bytes->digest) {
      return Error{Code::corrupt, "the pack " + chunk.digest + " does not hold the bytes of '" +
                                      spot.place.file->path + "' that the manifest says"};
    }
    return writer_.write(spot.place, bytes);
  }

  const ChunkPlace& place_;
  const RestoreRequest& request_;
  TreeWriter& writer_;
  std::mutex mutex_;
  TransferCount count_;  // while chunks are brought: guarded by mutex_
};

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

Error differs(const ManifestId& id, const std::string& digest) {
  return {Code::corrupt, "the restored files of checkpoint " + id.text() +
                             " are not what the manifest says: root digest " + digest};
}

// Reads every byte again from the file system.
Status read_back(const path& made, const Manifest& manifest, const ManifestId& id) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestFile> on_disk, capture_like(made, manifest.files));
  const std::string digest = root_digest(on_disk);
  return digest == manifest.root_digest ? Status() : Status(differs(id, digest));
}

Status fill_folder(const ChunkPlace& place, const RestoreRequest& request, TreeWriter& writer,
                   Restored& restored) {
  TW_RETURN_IF_ERROR(writer.make_files());
  TW_ASSIGN_OR_RETURN(restored.count, Filler(place, request, writer).fill(restored.manifest));
  TW_RETURN_IF_ERROR(writer.finish());
  TW_ASSIGN_OR_RETURN(restored.root_digest, writer.root_digest_now());
  if (restored.root_digest != restored.manifest.root_digest) return differs(request.id, restored.root_digest);
  return {};
}

// What came so far is kept where another try can go on with it.
Error given_up(Error error, const TreeWriter& writer, const path& made) {
  if (writer.has_failed() || (error.code != Code::unavailable && error.code != Code::cancelled)) {
    static_cast<void>(io::remove_tree(made));
    return error;
  }
  error.hint += (error.hint.empty() ? "" : "; ") +
                std::string("what has come is kept: the same command goes on with it");
  return error;
}

}  // namespace

Result<Restored> restore(const ChunkPlace& place, const RestoreRequest& request) {
  Restored restored;
  TW_ASSIGN_OR_RETURN(restored.manifest, read_manifest(place, request.id));
  TW_RETURN_IF_ERROR(check_tree(restored.manifest));
  if (request.on_manifest) request.on_manifest(restored.manifest);
  TW_ASSIGN_OR_RETURN(const path target, real_folder(request.folder));
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  TW_RETURN_IF_ERROR(recover_folder(target));
  const path made = folder_being_made(target);
  TW_RETURN_IF_ERROR(check_space(restored.manifest, target.parent_path(), made));
  TW_RETURN_IF_ERROR(io::make_folders(made, 0700));
  {
    TW_ASSIGN_OR_RETURN(const objectstore::UniqueFd root, objectstore::open_folder(made.string()));
    TreeWriter writer(root.get(), made.string(), restored.manifest);
    Status filled = fill_folder(place, request, writer, restored);
    if (filled.ok() && request.read_back) filled = read_back(made, restored.manifest, request.id);
    if (filled.ok()) filled = keep_mode(root.get(), target);
    if (!filled.ok()) return given_up(filled.error(), writer, made);
  }
  if (request.flush) TW_RETURN_IF_ERROR(flush_folder(made));
  TW_RETURN_IF_ERROR(swap_in_folder(target));
  return restored;
}

}  // namespace tradewind::checkpoint
