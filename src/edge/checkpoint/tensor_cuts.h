// Where files of weights are cut: at their tensors, so that a tensor that did not change is the same chunks
// wherever in a file it lies. A header that grows, or another format or sharding of the same weights, would
// shift every chunk of a fixed grid. Figures: docs/decisions/chunks.md.
//   safetensors      https://huggingface.co/docs/safetensors, "Format": N as 8 bytes, N bytes of JSON, the
//   data PyTorch          a ZIP archive of stored members (PKWARE APPNOTE 6.3.10, 4.3 and 4.5.3), one per
//   tensor; of
//                    a distributed checkpoint's shard (*.distcp), one archive after the other
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tradewind::checkpoint {

// So many bytes of the file from there; fewer, or nothing, where it ends or cannot be read.
using ReadBytes = std::function<std::optional<std::string>(std::uint64_t offset, std::uint64_t size)>;

// Smaller tensors stay with what lies beside them.
constexpr std::uint64_t tensor_bytes_min = std::uint64_t{1} << 20;
// What is left over at the end of a tensor goes into the chunk before, if it is less than this.
constexpr std::uint64_t tail_bytes_min = std::uint64_t{64} << 10;

// Where the larger tensors of a file of `size` bytes begin and end, ascending, each place once, none at the
// file's own ends. Empty: there are none, or it is of no format above. Reads headers alone, up to 16 MiB of
// them. What the file says is a hint, and may be wrong.
std::vector<std::uint64_t> tensor_edges(const ReadBytes& read, std::uint64_t size);

// The sizes of the chunks of a file that is cut every chunk_bytes, anew from each edge; they add up to
// `size`, and none is larger than chunk_bytes + tail_bytes_min. REQUIRES: edges as above.
std::vector<std::uint64_t> cut_sizes(const std::vector<std::uint64_t>& edges, std::uint64_t size);

}  // namespace tradewind::checkpoint
