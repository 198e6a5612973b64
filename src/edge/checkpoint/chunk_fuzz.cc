// Whatever a store answers for a chunk or a manifest: the very bytes that were written, or an error. The
// input is taken as a coded chunk, as plain bytes to code, and as a manifest.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"

namespace {

using namespace tradewind;

void must(bool holds) {
  if (!holds) std::abort();
}

void decode_any(std::string_view coded) {
  // The size that the input claims: the first bytes after the tag stand in for it.
  std::uint64_t size = 0;
  for (const char byte : coded.substr(0, 3)) size = size * 256 + static_cast<unsigned char>(byte);
  const Result<std::string> plain = checkpoint::decode_chunk(coded, {checkpoint::sha256_hex(coded), size});
  must(!plain.ok() || checkpoint::sha256_hex(*plain) == checkpoint::sha256_hex(coded));
  if (!plain.ok()) must(plain.error().code == Code::corrupt && !plain.error().message.empty());
}

void code_and_decode(std::string_view plain) {
  const ChunkRef ref{checkpoint::sha256_hex(plain), plain.size()};
  std::string coded = checkpoint::encode_chunk(plain);
  const Result<std::string> back = checkpoint::decode_chunk(coded, ref);
  must(back.ok() && *back == plain);
  // One flipped bit, at a place that the input chooses.
  const std::size_t place = plain.empty() ? 0 : static_cast<unsigned char>(plain[0]) * coded.size() / 256;
  coded[place] = static_cast<char>(coded[place] ^ (plain.size() % 2 == 0 ? 1 : 0x40));
  const Result<std::string> flipped = checkpoint::decode_chunk(coded, ref);
  must(!flipped.ok() || *flipped == plain);
}

void read_manifest(std::string_view text) {
  const ManifestId id(checkpoint::sha256_hex(text));
  const Result<Manifest> manifest = checkpoint::decode_manifest(checkpoint::encode_manifest(text), id);
  if (manifest.ok()) {
    for (const ManifestFile& file : manifest->files) {
      const std::string parts = "/" + file.path + "/";  // "..x" is a name like any other
      must(!file.path.empty() && file.path.front() != '/' && parts.find("/../") == std::string::npos);
    }
    const std::string again = to_text(to_json(*manifest));
    const Result<Manifest> twice = checkpoint::decode_manifest(checkpoint::encode_manifest(again),
                                                               ManifestId(checkpoint::sha256_hex(again)));
    must(twice.ok() && *twice == *manifest);
  }
  must(!checkpoint::decode_manifest(text, id).ok() || !text.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  decode_any(input);
  code_and_decode(input);
  read_manifest(input);
  return 0;
}
