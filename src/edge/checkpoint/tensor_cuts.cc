#include "edge/checkpoint/tensor_cuts.h"

#include <algorithm>
#include <string_view>

#include "core/model/json.h"
#include "edge/checkpoint/chunk.h"

namespace tradewind::checkpoint {
namespace {

// Of a header or a directory of members: a model of 100,000 tensors has some 10 MiB.
constexpr std::uint64_t header_bytes_max = std::uint64_t{16} << 20;
// Of one file.
constexpr int archives_max = 100'000;

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};
using Ranges = std::vector<Range>;

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t k = count; k > 0; --k) value = value << 8 | static_cast<unsigned char>(bytes[at + k - 1]);
  return value;
}

std::optional<std::string> read_whole(const ReadBytes& read, std::uint64_t offset, std::uint64_t size) {
  std::optional<std::string> bytes = read(offset, size);
  if (bytes && bytes->size() != size) return std::nullopt;
  return bytes;
}

// ---- safetensors

Ranges safetensors_of(const ReadBytes& read, std::uint64_t size) {
  constexpr std::uint64_t length_bytes = 8;
  const std::optional<std::string> head = read_whole(read, 0, length_bytes + 1);
  if (!head || head->back() != '{') return {};
  const std::uint64_t header_bytes = little_endian(*head, 0, length_bytes);
  if (header_bytes > header_bytes_max || header_bytes + length_bytes > size) return {};
  const std::optional<std::string> header = read_whole(read, length_bytes, header_bytes);
  if (!header) return {};
  const Result<json::value> value = parse_json(*header, header_bytes_max);
  if (!value.ok() || !value->is_object()) return {};
  Ranges ranges;
  for (const auto& [name, tensor] : value->get_object()) {
    const json::value* offsets =
        tensor.is_object() ? tensor.get_object().if_contains("data_offsets") : nullptr;
    if (offsets == nullptr || !offsets->is_array() || offsets->get_array().size() != 2) continue;
    const json::array& both = offsets->get_array();
    if (!both[0].is_int64() || !both[1].is_int64() || both[0].get_int64() < 0) continue;
    const auto begin = static_cast<std::uint64_t>(both[0].get_int64());
    // Without a sign before they are compared: the difference of any two is one that fits.
    const auto end = static_cast<std::uint64_t>(std::max(both[1].get_int64(), both[0].get_int64()));
    if (end > begin && begin < size) ranges.push_back({length_bytes + header_bytes + begin, end - begin});
  }
  return ranges;
}

// ---- ZIP

constexpr std::size_t end_bytes = 22;              // end of central directory record
constexpr std::size_t locator_bytes = 20;          // zip64 end of central directory locator
constexpr std::size_t zip64_end_bytes = 56;        // zip64 end of central directory record
constexpr std::size_t central_bytes = 46;          // a central directory header, without its names
constexpr std::size_t local_bytes = 30;            // a local file header, without its names
constexpr std::uint32_t none_of_32 = 0xffffffffU;  // "see the zip64 field"

bool is_signature(std::string_view bytes, std::size_t at, std::string_view mark) {
  return bytes.substr(at, 4) == mark;
}

struct Archive {
  std::uint64_t begin = 0;  // in the file
  Ranges members;           // `begin` is that of the local header, from the archive's begin
};

// A 64-bit size or offset that stands in the extra field where the 32-bit one says so.
std::uint64_t wide(std::uint64_t narrow, std::string_view& zip64) {
  if (narrow != none_of_32 || zip64.size() < 8) return narrow;
  const std::uint64_t value = little_endian(zip64, 0, 8);
  zip64.remove_prefix(8);
  return value;
}

std::string_view zip64_field(std::string_view extra) {
  while (extra.size() >= 4) {
    const std::uint64_t id = little_endian(extra, 0, 2);
    const std::uint64_t length = little_endian(extra, 2, 2);
    if (id == 1) return extra.substr(4, length);
    extra.remove_prefix(std::min<std::size_t>(extra.size(), 4 + length));
  }
  return {};
}

Ranges members_of(std::string_view directory) {
  Ranges members;
  while (directory.size() >= central_bytes && is_signature(directory, 0, "PK\x01\x02")) {
    const std::uint64_t method = little_endian(directory, 10, 2);
    const std::uint64_t name = little_endian(directory, 28, 2);
    const std::uint64_t extra = little_endian(directory, 30, 2);
    const std::uint64_t comment = little_endian(directory, 32, 2);
    if (directory.size() < central_bytes + name + extra + comment) break;
    // In this order: the plain size, the stored one, the place.
    std::string_view zip64 = zip64_field(directory.substr(central_bytes + name, extra));
    wide(little_endian(directory, 24, 4), zip64);
    const std::uint64_t bytes = wide(little_endian(directory, 20, 4), zip64);
    const std::uint64_t begin = wide(little_endian(directory, 42, 4), zip64);
    if (method == 0) members.push_back({begin, bytes});
    directory.remove_prefix(central_bytes + name + extra + comment);
  }
  return members;
}

// The archive that ends there, without a comment, as PyTorch writes them.
std::optional<Archive> archive_before(const ReadBytes& read, std::uint64_t end) {
  constexpr std::size_t all_ends = zip64_end_bytes + locator_bytes + end_bytes;
  const std::uint64_t tail_size = std::min<std::uint64_t>(end, all_ends);
  const std::optional<std::string> tail = read_whole(read, end - tail_size, tail_size);
  if (!tail || tail->size() < end_bytes) return std::nullopt;
  const std::string_view last = std::string_view(*tail).substr(tail->size() - end_bytes);
  if (!is_signature(last, 0, "PK\x05\x06") || little_endian(last, 20, 2) != 0) return std::nullopt;
  std::uint64_t directory_bytes = little_endian(last, 12, 4);
  std::uint64_t directory_at = little_endian(last, 16, 4);
  std::uint64_t ends = end_bytes;
  if (tail->size() == all_ends && is_signature(*tail, 0, "PK\x06\x06") &&
      is_signature(*tail, zip64_end_bytes, "PK\x06\x07")) {
    directory_bytes = little_endian(*tail, 40, 8);
    directory_at = little_endian(*tail, 48, 8);
    ends = all_ends;
  }
  if (directory_bytes > header_bytes_max || directory_at > end ||
      directory_bytes + directory_at + ends > end) {
    return std::nullopt;
  }
  const std::optional<std::string> directory =
      read_whole(read, end - ends - directory_bytes, directory_bytes);
  if (!directory) return std::nullopt;
  return Archive{end - ends - directory_bytes - directory_at, members_of(*directory)};
}

// Where a member's bytes begin: behind its local header, whose names may be longer than the directory's.
std::optional<std::uint64_t> data_begin(const ReadBytes& read, std::uint64_t header_at) {
  const std::optional<std::string> header = read_whole(read, header_at, local_bytes);
  if (!header || !is_signature(*header, 0, "PK\x03\x04")) return std::nullopt;
  return header_at + local_bytes + little_endian(*header, 26, 2) + little_endian(*header, 28, 2);
}

Ranges archives_of(const ReadBytes& read, std::uint64_t size) {
  Ranges ranges;
  std::uint64_t end = size;
  std::uint64_t left = header_bytes_max;
  for (int count = 0; end > 0 && count < archives_max; ++count) {
    const std::optional<Archive> archive = archive_before(read, end);
    if (!archive || archive->begin >= end) break;
    for (const Range& member : archive->members) {
      if (member.bytes < tensor_bytes_min || member.begin > end || left < local_bytes) continue;
      left -= local_bytes;
      const std::optional<std::uint64_t> begin = data_begin(read, archive->begin + member.begin);
      if (begin) ranges.push_back({*begin, member.bytes});
    }
    end = archive->begin;
  }
  return ranges;
}

}  // namespace

std::vector<std::uint64_t> tensor_edges(const ReadBytes& read, std::uint64_t size) {
  if (size <= chunk_bytes) return {};
  Ranges ranges = safetensors_of(read, size);
  if (ranges.empty()) ranges = archives_of(read, size);
  std::ranges::sort(ranges, {}, &Range::begin);
  std::vector<std::uint64_t> edges;
  std::uint64_t end = 0;
  for (const Range& range : ranges) {
    if (range.bytes < tensor_bytes_min || range.begin < end || range.begin > size) continue;
    if (range.bytes > size - range.begin) continue;  // it lies, or is cut off
    if (range.begin > end) edges.push_back(range.begin);
    end = range.begin + range.bytes;
    if (end < size) edges.push_back(end);
  }
  return edges;
}

std::vector<std::uint64_t> cut_sizes(const std::vector<std::uint64_t>& edges, std::uint64_t size) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t begin = 0;
  const auto cut_until = [&](std::uint64_t end) {
    const std::size_t before = sizes.size();
    for (; end - begin >= chunk_bytes; begin += chunk_bytes) sizes.push_back(chunk_bytes);
    const std::uint64_t tail = end - begin;
    const bool joins = !edges.empty() && sizes.size() > before && tail < tail_bytes_min;
    if (joins) sizes.back() += tail;
    if (!joins && tail > 0) sizes.push_back(tail);
    begin = end;
  };
  for (const std::uint64_t edge : edges) cut_until(edge);
  cut_until(size);
  return sizes;
}

}  // namespace tradewind::checkpoint
