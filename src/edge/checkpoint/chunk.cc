#include "edge/checkpoint/chunk.h"

#include <algorithm>
#include <zstd.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/digest.h"

namespace tradewind::checkpoint {
namespace {

constexpr char plain_tag = 0;
constexpr char zstd_tag = 1;
// Weights and optimizer state are close to noise: level 1 gets what there is, higher ones cost time only.
constexpr int chunk_level = 1;
constexpr int manifest_level = 3;
constexpr std::size_t sample_bytes = std::size_t{64} << 10;

Error corrupt(std::string problem) {
  return {Code::corrupt, std::move(problem)};
}

// Empty when zstd fails, which it does only without memory.
std::string compress(std::string_view plain, int level, std::size_t head_bytes) {
  std::string coded(head_bytes + ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size =
      ZSTD_compress(coded.data() + head_bytes, coded.size() - head_bytes, plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0) return {};
  coded.resize(head_bytes + size);
  return coded;
}

bool saves_enough(std::size_t coded, std::size_t plain) {
  return coded > 0 && coded < plain - plain / 20;
}

// Whether the whole is worth a try, told from its middle: headers stand at the beginning.
bool pays(std::string_view plain) {
  if (plain.size() < 2 * sample_bytes) return true;
  const std::string_view sample = plain.substr((plain.size() - sample_bytes) / 2, sample_bytes);
  return saves_enough(compress(sample, chunk_level, 0).size(), sample.size());
}

Result<std::string> decompress(std::string_view coded, std::uint64_t bytes_max) {
  const unsigned long long size = ZSTD_getFrameContentSize(coded.data(), coded.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return corrupt("is no zstd frame");
  if (size > bytes_max) return corrupt("unpacks to " + std::to_string(size) + " bytes");
  std::string plain(size, '\0');
  const std::size_t got = ZSTD_decompress(plain.data(), plain.size(), coded.data(), coded.size());
  if (ZSTD_isError(got) != 0) return corrupt(std::string("cannot be unpacked: ") + ZSTD_getErrorName(got));
  if (got != size) return corrupt("unpacks to less than it says");
  return plain;
}

}  // namespace

std::string chunk_key(std::string_view job_prefix, std::string_view digest) {
  return std::string(job_prefix) + "chunks/" + std::string(digest.substr(0, 2)) + "/" + std::string(digest);
}

std::string manifest_key(std::string_view job_prefix, const ManifestId& id) {
  return std::string(job_prefix) + "manifests/" + id.text();
}

std::string encode_chunk(std::string_view plain) {
  if (pays(plain)) {
    std::string coded = compress(plain, chunk_level, 1);
    if (!coded.empty() && saves_enough(coded.size(), plain.size())) {
      coded[0] = zstd_tag;
      return coded;
    }
  }
  std::string coded(1, plain_tag);
  coded += plain;
  return coded;
}

Result<std::string> decode_chunk(std::string_view coded, const ChunkRef& expected) {
  if (expected.size > chunk_bytes_max) return corrupt("is larger than a chunk may be");
  if (coded.empty()) return corrupt("is empty");
  const std::string_view body = coded.substr(1);
  std::string plain;
  if (coded[0] == zstd_tag) {
    TW_ASSIGN_OR_RETURN(plain, decompress(body, expected.size));
  } else if (coded[0] == plain_tag) {
    plain = body;
  } else {
    return corrupt("has the unknown coding " + std::to_string(static_cast<unsigned char>(coded[0])));
  }
  if (plain.size() != expected.size) {
    return corrupt("has " + std::to_string(plain.size()) + " bytes instead of " +
                   std::to_string(expected.size));
  }
  if (sha256_hex(plain) != expected.digest) return corrupt("has bytes that are not those of its digest");
  return plain;
}

std::string encode_manifest(std::string_view json_text) {
  return compress(json_text, manifest_level, 0);
}

Result<Manifest> decode_manifest(std::string_view coded, const ManifestId& id) {
  TW_ASSIGN_OR_RETURN(const std::string text, decompress(coded, manifest_bytes_max));
  if (sha256_hex(text) != id.text()) return corrupt("has bytes that are not those of its id");
  const Result<json::value> value = parse_json(text, manifest_bytes_max);
  if (!value.ok()) return corrupt(value.error().message);
  Result<Manifest> manifest = manifest_from_json(*value, "manifest");
  if (!manifest.ok()) return corrupt(manifest.error().message);
  return manifest;
}

}  // namespace tradewind::checkpoint
