// How a checkpoint's chunks are packed: bytes kept, and the pace of one core in both directions.
//   coding_bench FILE… [--json]     each file as a save would cut it
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"

namespace tradewind::checkpoint {
namespace {

constexpr int rounds = 3;  // the fastest counts

struct Coding {
  std::string file;
  std::uint64_t plain = 0;
  std::uint64_t coded = 0;
  double encode_s = 0;
  double decode_s = 0;
};

template <class Work>
double fastest_s(const Work& work) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  return best;
}

// Digests are left out of the pace: packing alone is what other packers do.
bool measure(const std::string& path, Coding& result) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file || bytes.empty()) return false;
  std::vector<std::string_view> chunks;
  for (std::size_t at = 0; at < bytes.size(); at += chunk_bytes) {
    chunks.push_back(std::string_view(bytes).substr(at, chunk_bytes));
  }
  std::vector<std::string> coded(chunks.size());
  result.file = path;
  result.plain = bytes.size();
  result.encode_s = fastest_s([&] {
    for (std::size_t i = 0; i < chunks.size(); ++i) coded[i] = encode_chunk(chunks[i]);
  });
  for (const std::string& each : coded) result.coded += each.size();
  bool whole = true;
  result.decode_s = fastest_s([&] {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const Result<std::string> back = unpack_chunk(coded[i], chunks[i].size());
      whole = whole && back.ok() && back->size() == chunks[i].size();
    }
  });
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    whole = whole && *unpack_chunk(coded[i], chunks[i].size()) == chunks[i];
  }
  return whole;
}

double mb_per_s(std::uint64_t bytes, double seconds) {
  return static_cast<double>(bytes) / 1e6 / std::max(seconds, 1e-9);
}

int run(const std::vector<std::string>& paths, bool as_json) {
  json::array list;
  for (const std::string& path : paths) {
    Coding found;
    if (!measure(path, found)) {
      std::fprintf(stderr, "coding_bench: cannot read '%s', or it did not come back whole\n", path.c_str());
      return 1;
    }
    const double share = static_cast<double>(found.coded) / static_cast<double>(found.plain);
    const double encode = mb_per_s(found.plain, found.encode_s);
    const double decode = mb_per_s(found.plain, found.decode_s);
    list.push_back(json::object{{"file", path},
                                {"bytes", found.plain},
                                {"share", share},
                                {"encode_mb_per_s", encode},
                                {"decode_mb_per_s", decode}});
    if (!as_json)
      std::printf("%6.3f of plain  %7.0f MB/s  %7.0f MB/s  %s\n", share, encode, decode, path.c_str());
  }
  if (as_json) std::printf("%s\n", to_text(list).c_str());
  return 0;
}

}  // namespace
}  // namespace tradewind::checkpoint

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool as_json = std::erase(paths, "--json") > 0;
  if (paths.empty()) {
    std::fprintf(stderr, "usage: coding_bench FILE… [--json]\n");
    return 2;
  }
  return tradewind::checkpoint::run(paths, as_json);
}
