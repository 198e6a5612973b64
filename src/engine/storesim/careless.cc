#include "engine/storesim/careless.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reversed.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/io/files.h"

namespace tradewind::storesim {
namespace {

namespace fs = std::filesystem;
using checkpoint::ChunkPlace;
using objectstore::ObjectStore;

Result<std::string> fetch(const ChunkPlace& place, const ChunkRef& chunk, bool proves) {
  if (proves) {
    TW_ASSIGN_OR_RETURN(checkpoint::FetchedChunk fetched, checkpoint::fetch_chunk(place, chunk));
    return std::move(fetched.plain);
  }
  Error problem{Code::unavailable, "no store has it"};
  for (ObjectStore* store : checkpoint::durable_stores(place)) {
    const Result<std::string> coded = store->get(checkpoint::chunk_key(place.job_prefix, chunk.digest));
    Result<std::string> plain =
        coded.ok() ? checkpoint::unpack_chunk(*coded, chunk.size) : Result<std::string>(coded.error());
    if (plain.ok()) return plain;
    problem = plain.error();
  }
  return problem;
}

Status write_file(const ChunkPlace& place, const ManifestFile& file, const fs::path& path, bool proves) {
  std::string bytes;
  if (file.packed) {
    TW_ASSIGN_OR_RETURN(const std::string pack, fetch(place, file.packed->pack, proves));
    bytes = pack.substr(file.packed->offset, file.size);
  } else {
    for (const ChunkRef& chunk : file.chunks) {
      TW_ASSIGN_OR_RETURN(const std::string plain, fetch(place, chunk, proves));
      bytes += plain;
    }
  }
  return io::write_file_atomic(path, bytes, {0644, false});
}

void set_facts(const Manifest& manifest, const fs::path& folder) {
  for (const ManifestFile& file : reversed(manifest.files)) {
    const std::string path = (folder / file.path).string();
    if (file.kind != FileKind::symlink) ::chmod(path.c_str(), file.mode);
    const timespec at{file.mtime_ns / 1'000'000'000, file.mtime_ns % 1'000'000'000};
    const timespec times[2] = {at, at};
    ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace

Result<Manifest> restore_carelessly(const ChunkPlace& place, const ManifestId& id, const fs::path& folder,
                                    bool proves, bool beside) {
  TW_ASSIGN_OR_RETURN(Manifest manifest, checkpoint::read_manifest(place, id));
  const fs::path made =
      beside ? folder.parent_path() / ("." + folder.filename().string() + ".tradewind-new") : folder;
  TW_RETURN_IF_ERROR(io::remove_tree(made));
  TW_RETURN_IF_ERROR(io::make_folders(made));
  for (const ManifestFile& file : manifest.files) {
    const fs::path path = made / file.path;
    std::error_code failed;
    if (file.kind == FileKind::directory) TW_RETURN_IF_ERROR(io::make_folders(path));
    if (file.kind == FileKind::symlink) fs::create_symlink(file.target, path, failed);
    if (file.kind == FileKind::file) TW_RETURN_IF_ERROR(write_file(place, file, path, proves));
  }
  set_facts(manifest, made);
  if (beside) {
    TW_RETURN_IF_ERROR(io::remove_tree(folder));
    std::error_code failed;
    fs::rename(made, folder, failed);
    if (failed) return Error{Code::unavailable, "cannot rename " + made.string()};
  }
  return manifest;
}

Status repair_carelessly(const ChunkPlace& place) {
  ObjectStore& copy = *place.standby.at(0);
  for (const char* below : {"chunks/", "manifests/"}) {
    TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> objects,
                        checkpoint::list_all(copy, place.job_prefix + below));
    for (const objectstore::ObjectInfo& object : objects) {
      TW_ASSIGN_OR_RETURN(const std::string bytes, copy.get(object.key));
      TW_RETURN_IF_ERROR(place.home->put(object.key, bytes, objectstore::PutCondition::always));
    }
  }
  return {};
}

}  // namespace tradewind::storesim
