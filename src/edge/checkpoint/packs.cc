#include "edge/checkpoint/packs.h"

#include <string_view>

#include "edge/checkpoint/chunk.h"

namespace tradewind::checkpoint {
namespace {

// Of names, one in so many ends a pack.
constexpr std::uint64_t names_per_pack = 512;

// FNV-1a, 64 bits (Fowler, Noll, Vo). Its lower bits vary little between like names: they are folded.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : text) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  return hash ^ hash >> 32;
}

bool ends_pack(const TreeEntry& entry) {
  return hash_of(entry.path) % names_per_pack == 0;
}

}  // namespace

std::vector<std::vector<std::size_t>> packs_of(const std::vector<TreeEntry>& tree,
                                               const std::vector<bool>& skip) {
  std::vector<std::vector<std::size_t>> packs;
  std::vector<std::size_t> pack;
  std::uint64_t bytes = 0;
  const auto close = [&] {
    if (pack.size() >= pack_files_min) packs.push_back(std::move(pack));
    pack.clear();
    bytes = 0;
  };
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const TreeEntry& entry = tree[i];
    if (entry.kind != FileKind::file || entry.size == 0 || entry.size > small_file_bytes || skip[i]) continue;
    if (bytes + entry.size > chunk_bytes) close();
    pack.push_back(i);
    bytes += entry.size;
    if (pack.size() >= pack_files_min && ends_pack(entry)) close();
  }
  close();
  return packs;
}

}  // namespace tradewind::checkpoint
