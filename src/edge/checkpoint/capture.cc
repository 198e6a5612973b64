#include "edge/checkpoint/capture.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <thread>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/packs.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/settling.h"
#include "edge/checkpoint/tensor_cuts.h"
#include "edge/checkpoint/tree.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::file_error;
using std::chrono::milliseconds;

using Tree = std::vector<TreeEntry>;
using CutSizes = std::function<std::vector<std::uint64_t>(const TreeEntry&)>;

std::vector<std::uint64_t> cuts_of(int root, const TreeEntry& entry) {
  if (entry.size <= chunk_bytes) return cut_sizes({}, entry.size);
  const objectstore::Opened file =
      objectstore::open_beneath(root, entry.path, {O_RDONLY | O_NONBLOCK | O_NOCTTY});
  if (file.error_number != 0) return cut_sizes({}, entry.size);  // reading it tells what is wrong
  const ReadBytes read = [&file](std::uint64_t offset, std::uint64_t size) {
    std::string bytes;
    const int failed = objectstore::read_at(file.descriptor.get(), offset, size, bytes);
    return failed == 0 ? std::optional(std::move(bytes)) : std::nullopt;
  };
  return cut_sizes(tensor_edges(read, entry.size), entry.size);
}

// The path of the first thing that is not the same in both.
std::optional<std::string> difference(const Tree& before, const Tree& after) {
  const auto [a, b] = std::mismatch(before.begin(), before.end(), after.begin(), after.end(), same);
  if (a == before.end() && b == after.end()) return std::nullopt;
  if (a == before.end()) return b->path;
  if (b == after.end()) return a->path;
  return std::min(a->path, b->path);
}

// The path of a file that was written so lately that a further write might not show.
std::optional<std::string> too_fresh(const Tree& tree, std::chrono::system_clock::time_point looked_at) {
  for (const TreeEntry& entry : tree) {
    if (entry.kind == FileKind::file && may_hide_a_write(entry.ctime_ns, looked_at)) return entry.path;
  }
  return std::nullopt;
}

struct Piece {
  std::size_t entry = 0;  // in the tree
  std::size_t slot = 0;   // among the file's chunks
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
// What makes up one chunk of the store: a piece of a file, or a pack of small files.
using Round = std::vector<Piece>;

std::uint64_t bytes_of(const Round& round) {
  std::uint64_t bytes = 0;
  for (const Piece& piece : round) bytes += piece.size;
  return bytes;
}

enum class Packing { none, small_files };

class Capture {
 public:
  Capture(int root, std::string shown, const ChunkSink& sink, CutSizes cuts, Packing packing)
      : root_(root), shown_(std::move(shown)), sink_(sink), cuts_(std::move(cuts)), packing_(packing) {}

  Result<std::vector<ManifestFile>> run() {
    std::string changing;
    milliseconds wait = settling_first_wait;
    auto looked_at = std::chrono::system_clock::now();
    TW_ASSIGN_OR_RETURN(Tree tree, read_tree(root_, shown_));
    readings_ = std::vector<Reading>(tree.size());
    for (int tries = 0; tries < settling_tries; ++tries) {
      const std::optional<std::string> fresh = too_fresh(tree, looked_at);
      if (!fresh) TW_RETURN_IF_ERROR(read_files(tree));
      if (fresh) std::this_thread::sleep_for(wait);
      looked_at = std::chrono::system_clock::now();
      TW_ASSIGN_OR_RETURN(Tree again, read_tree(root_, shown_));
      std::optional<std::string> changed = difference(tree, again);
      if (!changed) changed = fresh ? fresh : undone(tree);
      if (!changed) {
        Tree().swap(again);
        return files_of(std::move(tree));
      }
      changing = *changed;
      if (!fresh) std::this_thread::sleep_for(wait);
      wait *= 2;
      readings_ = carried_over(tree, again);
      tree = std::move(again);
    }
    return Error{Code::unavailable, "'" + shown_ + "/" + changing + "' kept changing while it was read",
                 "write new files under a name that begins with " + std::string(temporary_prefix) +
                     " and rename them when they are whole"};
  }

 private:
  // What was read, or is being read, of an entry of the tree.
  struct Reading {
    std::vector<ChunkRef> chunks;
    std::optional<PackSpot> packed;
    std::atomic<bool> changed = false;
    bool done = false;  // the entry is as it was when it was looked at before and after

    void clear() {
      chunks.clear();
      packed.reset();
      changed = false;
    }
  };

  // Reads the files that are not done yet. One that changes meanwhile stays undone.
  Status read_files(const Tree& tree) {
    const std::vector<Round> rounds = rounds_of(tree);
    const auto round_bytes = [&](std::size_t index) { return bytes_of(rounds[index]); };
    TW_RETURN_IF_ERROR(for_each_parallel(rounds.size(), round_bytes, [&](std::size_t index) {
      const Round& round = rounds[index];
      return round.size() == 1 ? read_chunk(tree, round[0]) : read_pack(tree, round);
    }));
    for (Reading& reading : readings_) reading.done = !reading.changed;
    return {};
  }

  // The readings of a later look at the tree: those stay done whose entries are the same. Both are sorted.
  std::vector<Reading> carried_over(const Tree& before, const Tree& after) {
    std::vector<Reading> readings(after.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      while (at < before.size() && before[at].path < after[i].path) ++at;
      if (at == before.size() || !readings_[at].done || !same(before[at], after[i])) continue;
      readings[i].chunks = std::move(readings_[at].chunks);
      readings[i].packed = std::move(readings_[at].packed);
      readings[i].done = true;
    }
    return readings;
  }

  // Makes room for the chunks of each reading.
  std::vector<Round> rounds_of(const Tree& tree) {
    std::vector<bool> taken(tree.size());
    for (std::size_t i = 0; i < tree.size(); ++i) {
      taken[i] = tree[i].kind != FileKind::file || readings_[i].done;
      if (!taken[i]) readings_[i].clear();
    }
    std::vector<Round> rounds;
    if (packing_ == Packing::small_files) {
      for (const std::vector<std::size_t>& pack : packs_of(tree, taken)) {
        Round& round = rounds.emplace_back();
        for (const std::size_t i : pack) {
          round.push_back({i, 0, 0, tree[i].size});
          readings_[i].chunks.resize(1);
          taken[i] = true;
        }
      }
    }
    for (std::size_t i = 0; i < tree.size(); ++i) {
      if (taken[i]) continue;
      std::uint64_t offset = 0;
      for (const std::uint64_t size : cuts_(tree[i])) {
        rounds.push_back({{i, readings_[i].chunks.size(), offset, size}});
        readings_[i].chunks.emplace_back();
        offset += size;
      }
    }
    return rounds;
  }

  Status read_chunk(const Tree& tree, const Piece& piece) {
    Reading& reading = readings_[piece.entry];
    if (reading.changed) return {};
    TW_ASSIGN_OR_RETURN(const std::optional<std::string> plain, read_piece(tree[piece.entry], piece));
    if (!plain) {
      reading.changed = true;
      return {};
    }
    reading.chunks[piece.slot] = ref_of(*plain);
    return sink_(reading.chunks[piece.slot], *plain);
  }

  // A file that changes meanwhile is left out.
  Status read_pack(const Tree& tree, const Round& round) {
    std::string pack;
    pack.reserve(bytes_of(round));
    std::vector<Reading*> packed;
    for (const Piece& piece : round) {
      Reading& reading = readings_[piece.entry];
      TW_ASSIGN_OR_RETURN(const std::optional<std::string> plain, read_piece(tree[piece.entry], piece));
      if (!plain) {
        reading.changed = true;
        continue;
      }
      reading.chunks[0] = ref_of(*plain);
      reading.packed = PackSpot{{}, pack.size()};
      pack += *plain;
      packed.push_back(&reading);
    }
    if (packed.empty()) return {};
    const ChunkRef ref = ref_of(pack);
    for (Reading* reading : packed) reading->packed->pack = ref;
    return sink_(ref, pack);
  }

  std::optional<std::string> undone(const Tree& tree) const {
    for (std::size_t i = 0; i < tree.size(); ++i) {
      if (tree[i].kind == FileKind::file && !readings_[i].done) return tree[i].path;
    }
    return std::nullopt;
  }

  // Nothing: the file is not what the look at the tree saw.
  Result<std::optional<std::string>> read_piece(const TreeEntry& entry, const Piece& piece) const {
    const std::optional<std::string> changed;
    const objectstore::Opened file =
        objectstore::open_beneath(root_, entry.path, {O_RDONLY | O_NONBLOCK | O_NOCTTY});
    const int failed = file.error_number;
    if (failed == ENOENT || failed == ENOTDIR || failed == ELOOP || failed == ENXIO) return changed;
    if (failed != 0) return file_error(failed, "read", shown_ + "/" + entry.path);
    if (!still(entry, file.descriptor.get())) return changed;
    std::string plain;
    const int unread = objectstore::read_at(file.descriptor.get(), piece.offset, piece.size, plain);
    if (unread != 0) return file_error(unread, "read", shown_ + "/" + entry.path);
    if (plain.size() != piece.size || !still(entry, file.descriptor.get())) return changed;
    return std::optional(std::move(plain));
  }

  static ChunkRef ref_of(std::string_view plain) {
    const Computing computing;
    return {sha256_hex(plain), plain.size()};
  }

  static bool still(const TreeEntry& entry, int descriptor) {
    struct stat facts {};
    if (::fstat(descriptor, &facts) != 0) return false;
    TreeEntry now;
    now.path = entry.path;
    set_facts(now, facts);
    return same(entry, now);
  }

  std::vector<ManifestFile> files_of(Tree tree) {
    std::vector<ManifestFile> files;
    files.reserve(tree.size());
    for (std::size_t i = 0; i < tree.size(); ++i) {
      TreeEntry& entry = tree[i];
      files.push_back({std::move(entry.path), entry.kind, entry.mode, entry.size, entry.mtime_ns,
                       std::move(entry.target), std::move(readings_[i].chunks),
                       std::move(readings_[i].packed)});
    }
    return files;
  }

  int root_;
  std::string shown_;
  const ChunkSink& sink_;
  CutSizes cuts_;
  Packing packing_;
  std::vector<Reading> readings_;  // one for each entry of the tree
};

}  // namespace

Result<std::vector<ManifestFile>> capture(const std::filesystem::path& folder, const std::string& shown,
                                          const ChunkSink& sink) {
  TW_ASSIGN_OR_RETURN(const objectstore::UniqueFd root, objectstore::open_folder(folder.string()));
  const CutSizes cuts = [&root](const TreeEntry& entry) { return cuts_of(root.get(), entry); };
  return Capture(root.get(), shown, sink, cuts, Packing::small_files).run();
}

Result<std::vector<ManifestFile>> capture_like(const std::filesystem::path& folder,
                                               const std::vector<ManifestFile>& layout) {
  TW_ASSIGN_OR_RETURN(const objectstore::UniqueFd root, objectstore::open_folder(folder.string()));
  const CutSizes cuts = [&layout](const TreeEntry& entry) {
    const auto found =
        std::lower_bound(layout.begin(), layout.end(), entry.path,
                         [](const ManifestFile& file, const std::string& path) { return file.path < path; });
    if (found == layout.end() || found->path != entry.path || found->size != entry.size) {
      return cut_sizes({}, entry.size);
    }
    std::vector<std::uint64_t> sizes;
    for (const ChunkRef& chunk : found->chunks) sizes.push_back(chunk.size);
    return sizes;
  };
  const ChunkSink nowhere = [](const ChunkRef&, std::string_view) { return Status(); };
  return Capture(root.get(), folder.string(), nowhere, cuts, Packing::none).run();
}

}  // namespace tradewind::checkpoint
