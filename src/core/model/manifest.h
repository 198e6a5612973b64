// A checkpoint's table of contents: which files, made of which chunks. Format: docs/formats/manifest.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind {

struct ChunkRef {
  std::string digest;      // 64 hex digits: SHA-256 of the plain bytes
  std::uint64_t size = 0;  // plain bytes
  bool operator==(const ChunkRef&) const = default;
};

// Where a small file's bytes lie among those of others.
struct PackSpot {
  ChunkRef pack;             // what the store has
  std::uint64_t offset = 0;  // in the pack's plain bytes
  bool operator==(const PackSpot&) const = default;
};

enum class FileKind { file, directory, symlink };

struct ManifestFile {
  std::string path;  // relative to checkpoint.path, '/' between parts, never "..", never absolute
  FileKind kind = FileKind::file;
  std::uint32_t mode = 0;  // permission bits, 07777
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::string target = {};  // of a symlink
  std::vector<ChunkRef> chunks = {};
  std::optional<PackSpot> packed = {};  // then there is one chunk, which the store does not have by itself
  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  JobId job;
  std::uint64_t epoch = 0;
  LeaseId lease;
  double step = 0;
  std::map<std::string, double> metrics = {};  // as the program last reported them
  std::optional<ManifestId> parent;
  Time created_at;
  std::vector<ManifestFile> files;  // sorted by path
  std::string root_digest;          // checkpoint::root_digest(files): equal state, equal digest
  bool operator==(const Manifest&) const = default;
};

std::string_view to_text(FileKind kind);
std::uint64_t total_bytes(const Manifest& manifest);
// What the store has of a file: its chunks, or the pack that its bytes lie in.
std::vector<ChunkRef> stored_chunks(const ManifestFile& file);
json::value to_json(const Manifest& manifest);
// to_text(to_json(manifest)) and the reverse, file by file: a list of 100,000 takes no memory for all of it
// at once.
std::string to_text(const Manifest& manifest);
// The errors of parse_json and of manifest_from_json.
Result<Manifest> manifest_from_text(std::string_view text, std::size_t max_bytes);
// Whether manifest_from_text(text) would be this very manifest, found without a second one in memory. False
// also for a text that to_text would have written otherwise.
bool reads_back(std::string_view text, const Manifest& manifest);
// Refuses unknown versions, paths that leave the folder, sizes that do not add up, unsorted or doubled paths.
Result<Manifest> manifest_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
