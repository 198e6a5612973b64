// Chunks and manifests as objects: their keys, their coding, and proof that bytes read back are those that
// were written. Format: docs/formats/manifest.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "core/model/manifest.h"

namespace tradewind::checkpoint {

// Files are cut every 4 MiB, those of weights at their tensors too (tensor_cuts.h). Large enough that a
// request's fixed cost (some 50 ms over a wide network) is small beside its transfer, small enough that a
// change to a large file moves little and that many are on their way in little memory (parallel.h).
constexpr std::uint64_t chunk_bytes = std::uint64_t{4} << 20;
// Of a chunk that is read: larger ones are refused, since they would have to fit into memory.
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{64} << 20;
// Of a manifest's JSON.
constexpr std::uint64_t manifest_bytes_max = std::uint64_t{1} << 30;
constexpr std::uint64_t manifest_packing_max = 256;

// "<job prefix>chunks/<first two digits>/<digest>"
std::string chunk_key(std::string_view job_prefix, std::string_view digest);
// "<job prefix>manifests/<id>"
std::string manifest_key(std::string_view job_prefix, const ManifestId& id);

// A one-byte tag and the bytes: plain, packed by zstd, or as planes of numbers (planes.h), whichever a sample
// of the chunk favours; packed only where that saves at least a twentieth.
std::string encode_chunk(std::string_view plain);
// The plain bytes, not proved. corrupt: an unknown tag, or another size.
Result<std::string> unpack_chunk(std::string_view coded, std::uint64_t size);
// The same, proved. corrupt: another digest than expected, too.
Result<std::string> decode_chunk(std::string_view coded, const ChunkRef& expected);

// One zstd frame.
std::string encode_manifest(std::string_view json_text);
// The text in it, not proved. corrupt: there is none.
Result<std::string> unpack_manifest(std::string_view coded);
// corrupt: no manifest, or not the one whose id was asked for.
Result<Manifest> decode_manifest(std::string_view coded, const ManifestId& id);

}  // namespace tradewind::checkpoint
