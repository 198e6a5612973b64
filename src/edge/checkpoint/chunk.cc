#include "edge/checkpoint/chunk.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <vector>
#include <zstd.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/digest.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/planes.h"

namespace tradewind::checkpoint {
namespace {

constexpr char plain_tag = 0;
constexpr char zstd_tag = 1;
constexpr char planes_of_2_tag = 2;
constexpr char planes_of_4_tag = 3;
// Optimiser state is close to noise: level 1 gets what there is, higher ones cost time only.
constexpr int chunk_level = 1;
constexpr int manifest_level = 3;
constexpr std::size_t sample_bytes = std::size_t{64} << 10;
constexpr int hash_log_min = 6;              // as zstd has it
constexpr std::size_t plane_head_bytes = 5;  // its coding, and its coded size

Error corrupt(std::string problem) {
  return {Code::corrupt, std::move(problem)};
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

enum class Packing {
  by_repetition,  // as zstd's level has it
  // Bytes of few kinds repeat by chance in many short stretches, whose telling costs more than their
  // frequencies (measured on normal weights' exponents, entropy 2.83 bits: 2.87 bits for 3.04, in half the
  // time).
  by_frequency,
};

// One context a thread: making one costs as much as packing a small chunk.
ZSTD_CCtx* packer() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

// zstd's blocks would hold 128 KiB, over which tensors of several scales are mixed. No block is larger than
// the window (RFC 8878, 3.1.1.2.4).
constexpr int frequency_window_log = 14;

// Appends one frame. Zero, and nothing appended, when zstd fails, which it does only without memory.
std::size_t pack_onto(std::string& out, std::string_view plain, int level,
                      Packing packing = Packing::by_repetition) {
  ZSTD_CCtx* context = packer();
  if (context == nullptr) return 0;
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  const std::size_t before = out.size();
  const std::size_t room = ZSTD_compressBound(plain.size()) + plain.size() / 64;  // blocks have heads
  out.resize(before + room);
  if (packing == Packing::by_frequency) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, ZSTD_fast);
    ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7);
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, hash_log_min);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, frequency_window_log);
  }
  const std::size_t size = ZSTD_compress2(context, out.data() + before, room, plain.data(), plain.size());
  out.resize(ZSTD_isError(size) != 0 || size > room ? before : before + size);
  return out.size() - before;
}

bool saves_enough(std::size_t coded, std::size_t plain) {
  return coded > 0 && coded < plain - plain / 20;
}

// ---- sampling

// The middle: headers stand at the beginning. Words stay whole.
std::string_view sample_of(std::string_view plain) {
  if (plain.size() < 2 * sample_bytes) return plain;
  return plain.substr((plain.size() - sample_bytes) / 2 / word_bytes_max * word_bytes_max, sample_bytes);
}

bool pays(std::string_view plain) {
  const std::string_view sample = sample_of(plain);
  std::string coded;
  return saves_enough(pack_onto(coded, sample, chunk_level, Packing::by_frequency), sample.size());
}

// ---- planes

// Room for the planes of one chunk. What was used once is kept for the next: new memory has to be got from
// the system, and filled with zeros.
class Room {
 public:
  Room() {
    const std::lock_guard lock(mutex());
    if (kept().empty()) return;
    bytes_ = std::move(kept().back());
    kept().pop_back();
  }
  ~Room() {
    const std::lock_guard lock(mutex());
    if (kept().size() < kept_max && bytes_.size() <= 2 * chunk_bytes) kept().push_back(std::move(bytes_));
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  // What is in it is anything.
  std::span<char> of(std::size_t size) {
    if (bytes_.size() < size) bytes_.resize(size);
    return {bytes_.data(), size};
  }

 private:
  static constexpr std::size_t kept_max = computing_max;
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::vector<std::string>& kept() {
    static std::vector<std::string> all;
    return all;
  }
  std::string bytes_;
};

void append_plane(std::string& out, std::string_view plane, bool sampled) {
  const std::size_t head = out.size();
  out.append(plane_head_bytes, '\0');
  std::size_t size = 0;
  if (!sampled || pays(plane)) size = pack_onto(out, plane, chunk_level, Packing::by_frequency);
  out[head] = zstd_tag;
  if (!saves_enough(size, plane.size())) {
    out.resize(head + plane_head_bytes);
    out += plane;
    out[head] = plain_tag;
    size = plane.size();
  }
  for (std::size_t k = 0; k < 4; ++k) out[head + 1 + k] = static_cast<char>(size >> (8 * k));
}

void pack_planes_onto(std::string& out, std::string_view plain, std::size_t word_bytes, bool sampled) {
  const std::size_t count = plain.size() / word_bytes;
  Room room;
  const std::span<char> planes = room.of(count * word_bytes);
  split_planes(plain.substr(0, count * word_bytes), word_bytes, planes.data());
  for (std::size_t k = 0; k < word_bytes; ++k) {
    append_plane(out, std::string_view(planes.data() + k * count, count), sampled);
  }
  out += plain.substr(count * word_bytes);
}

std::size_t word_bytes_of(char tag) {
  return tag == planes_of_2_tag ? 2 : 4;
}

// ---- the choice

void pack_as(char tag, std::string& out, std::string_view plain, bool sampled) {
  if (tag == plain_tag) {
    out += plain;
  } else if (tag == zstd_tag) {
    pack_onto(out, plain, chunk_level);
  } else {
    pack_planes_onto(out, plain, word_bytes_of(tag), sampled);
  }
}

// By what a sample comes to. The simpler coding is taken where another hardly wins.
char coding_for(std::string_view plain) {
  constexpr double clearly_less = 0.98;
  const std::string_view sample = sample_of(plain);
  char best = plain_tag;
  double best_size = static_cast<double>(sample.size()) * 0.95;
  for (const char tag : {zstd_tag, planes_of_2_tag, planes_of_4_tag}) {
    std::string coded;
    pack_as(tag, coded, sample, false);
    const auto size = static_cast<double>(coded.size());
    if (coded.empty() || size >= best_size * (best == plain_tag ? 1 : clearly_less)) continue;
    best = tag;
    best_size = size;
  }
  return best;
}

// ---- unpacking

// What one frame says that it unpacks to.
Result<std::size_t> unpacked_size(std::string_view coded, std::uint64_t bytes_max) {
  const unsigned long long size = ZSTD_getFrameContentSize(coded.data(), coded.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return corrupt("is no zstd frame");
  if (size > bytes_max) return corrupt("unpacks to " + std::to_string(size) + " bytes");
  return static_cast<std::size_t>(size);
}

Status decompress_into(std::string_view coded, std::span<char> plain) {
  const std::size_t got = ZSTD_decompress(plain.data(), plain.size(), coded.data(), coded.size());
  if (ZSTD_isError(got) != 0) return corrupt(std::string("cannot be unpacked: ") + ZSTD_getErrorName(got));
  if (got != plain.size()) return corrupt("unpacks to less than it says");
  return {};
}

Result<std::string> decompress(std::string_view coded, std::uint64_t bytes_max) {
  TW_ASSIGN_OR_RETURN(const std::size_t size, unpacked_size(coded, bytes_max));
  std::string plain(size, '\0');
  TW_RETURN_IF_ERROR(decompress_into(coded, plain));
  return plain;
}

// Takes one plane off the front of `rest`; `room` holds its bytes where they were packed.
Result<std::string_view> take_plane(std::string_view& rest, std::span<char> room) {
  const std::size_t count = room.size();
  if (rest.size() < plane_head_bytes) return corrupt("ends within a plane");
  std::size_t size = 0;
  for (std::size_t k = 4; k > 0; --k) size = size << 8 | static_cast<unsigned char>(rest[k]);
  const char coding = rest[0];
  rest.remove_prefix(plane_head_bytes);
  if (size > rest.size()) return corrupt("ends within a plane");
  const std::string_view coded = rest.substr(0, size);
  rest.remove_prefix(size);
  std::string_view plane = coded;
  if (coding == zstd_tag) {
    TW_ASSIGN_OR_RETURN(const std::size_t unpacked, unpacked_size(coded, count));
    TW_RETURN_IF_ERROR(decompress_into(coded, room.first(unpacked)));
    plane = std::string_view(room.data(), unpacked);
  } else if (coding != plain_tag) {
    return corrupt("has a plane of the unknown coding " + std::to_string(static_cast<unsigned char>(coding)));
  }
  if (plane.size() != count) return corrupt("has planes that differ in size");
  return plane;
}

Result<std::string> unpack_planes(std::string_view body, std::size_t word_bytes, std::uint64_t size) {
  const auto count = static_cast<std::size_t>(size) / word_bytes;
  Room room;
  const std::span<char> unpacked = room.of(count * word_bytes);
  std::array<std::string_view, word_bytes_max> planes;
  for (std::size_t k = 0; k < word_bytes; ++k) {
    TW_ASSIGN_OR_RETURN(planes[k], take_plane(body, unpacked.subspan(k * count, count)));
  }
  if (body.size() != size % word_bytes) return corrupt("does not end after its planes");
  std::string plain(static_cast<std::size_t>(size), '\0');
  join_planes(planes, word_bytes, plain.data(), count);
  std::ranges::copy(body, plain.end() - static_cast<std::ptrdiff_t>(body.size()));
  return plain;
}

Result<std::string> unpack_as(char tag, std::string_view body, std::uint64_t size) {
  switch (tag) {
    case plain_tag:
      return std::string(body);
    case zstd_tag:
      return decompress(body, size);
    case planes_of_2_tag:
    case planes_of_4_tag:
      return unpack_planes(body, word_bytes_of(tag), size);
    default:
      return corrupt("has the unknown coding " + std::to_string(static_cast<unsigned char>(tag)));
  }
}

}  // namespace

std::string chunk_key(std::string_view job_prefix, std::string_view digest) {
  return std::string(job_prefix) + "chunks/" + std::string(digest.substr(0, 2)) + "/" + std::string(digest);
}

std::string manifest_key(std::string_view job_prefix, const ManifestId& id) {
  return std::string(job_prefix) + "manifests/" + id.text();
}

std::string encode_chunk(std::string_view plain) {
  const char tag = coding_for(plain);
  std::string coded(1, tag);
  pack_as(tag, coded, plain, true);
  if (tag == plain_tag || saves_enough(coded.size(), plain.size())) return coded;
  coded.assign(1, plain_tag);
  coded += plain;
  return coded;
}

Result<std::string> unpack_chunk(std::string_view coded, std::uint64_t size) {
  if (size > chunk_bytes_max) return corrupt("is larger than a chunk may be");
  if (coded.empty()) return corrupt("is empty");
  TW_ASSIGN_OR_RETURN(std::string plain, unpack_as(coded[0], coded.substr(1), size));
  if (plain.size() == size) return plain;
  return corrupt("has " + std::to_string(plain.size()) + " bytes instead of " + std::to_string(size));
}

Result<std::string> decode_chunk(std::string_view coded, const ChunkRef& expected) {
  TW_ASSIGN_OR_RETURN(std::string plain, unpack_chunk(coded, expected.size));
  if (sha256_hex(plain) != expected.digest) return corrupt("has bytes that are not those of its digest");
  return plain;
}

std::string encode_manifest(std::string_view json_text) {
  std::string coded;
  pack_onto(coded, json_text, manifest_level);
  coded.shrink_to_fit();  // it was given the room of what does not pack
  return coded;
}

Result<std::string> unpack_manifest(std::string_view coded) {
  // A few bytes must not cost a gigabyte of memory. Only long files of zeros make lists that pack so well.
  const std::uint64_t believable = (std::uint64_t{64} << 20) + manifest_packing_max * coded.size();
  return decompress(coded, std::min(manifest_bytes_max, believable));
}

Result<Manifest> decode_manifest(std::string_view coded, const ManifestId& id) {
  TW_ASSIGN_OR_RETURN(const std::string text, unpack_manifest(coded));
  if (sha256_hex(text) != id.text()) return corrupt("has bytes that are not those of its id");
  Result<Manifest> manifest = manifest_from_text(text, manifest_bytes_max);
  if (!manifest.ok()) return corrupt(manifest.error().message);
  return manifest;
}

}  // namespace tradewind::checkpoint
