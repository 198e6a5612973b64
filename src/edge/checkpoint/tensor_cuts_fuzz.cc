// A file of any bytes, behind or before 5 MiB of zeros that make it large enough to be looked at: chunks that
// add up to it, none too large, not many more than a file of its size needs.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/tensor_cuts.h"

namespace {

using namespace tradewind;

void must(bool holds) {
  if (!holds) std::abort();
}

// Zeros are not kept in memory: only what is read of them is made.
class Padded {
 public:
  Padded(std::string_view bytes, bool in_front) : bytes_(bytes), in_front_(in_front) {}
  std::uint64_t size() const { return padding + bytes_.size(); }

  std::optional<std::string> read(std::uint64_t offset, std::uint64_t wanted) const {
    if (offset > size()) return std::nullopt;
    std::string out(std::min(wanted, size() - offset), '\0');
    const std::uint64_t begin = in_front_ ? padding : 0;
    for (std::uint64_t i = std::max(offset, begin); i < std::min(offset + out.size(), begin + bytes_.size());
         ++i) {
      out[i - offset] = bytes_[i - begin];
    }
    return out;
  }

 private:
  static constexpr std::uint64_t padding = std::uint64_t{5} << 20;
  std::string_view bytes_;
  bool in_front_;
};

void cut(const Padded& file) {
  const auto read = [&file](std::uint64_t offset, std::uint64_t size) { return file.read(offset, size); };
  const std::vector<std::uint64_t> edges = checkpoint::tensor_edges(read, file.size());
  must(std::ranges::is_sorted(edges) && std::ranges::adjacent_find(edges) == edges.end());
  must(edges.empty() || (edges.front() > 0 && edges.back() < file.size()));
  must(edges.size() <= 2 * file.size() / checkpoint::tensor_bytes_min);
  std::uint64_t sum = 0;
  for (const std::uint64_t size : checkpoint::cut_sizes(edges, file.size())) {
    must(size > 0 && size < checkpoint::chunk_bytes + checkpoint::tail_bytes_min);
    sum += size;
  }
  must(sum == file.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cut(Padded(bytes, true));
  cut(Padded(bytes, false));
  return 0;
}
