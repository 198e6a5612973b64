#include "edge/checkpoint/digest.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <openssl/evp.h>

#include "core/model/json.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/io/hash.h"

namespace tradewind::checkpoint {
namespace {

// A library that cannot hash leaves nothing that could be trusted: it fails only without memory.
void must(bool worked) {
  if (worked) return;
  std::fputs("SHA-256 failed: out of memory?\n", stderr);
  std::abort();
}

// Of a file: over its chunks' digests, one a line. Of a symlink: its target. Of a folder: none.
std::string content_digest(const ManifestFile& file, const std::vector<ChunkRef>& chunks) {
  if (file.kind == FileKind::directory) return "-";
  if (file.kind == FileKind::symlink) return sha256_hex(file.target);
  Sha256 digest;
  for (const ChunkRef& chunk : chunks) {
    digest.update(chunk.digest);
    digest.update("\n");
  }
  return digest.hex();
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  must(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::string_view bytes) {
  must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  must(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
  return io::hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string sha256_hex(std::string_view bytes) {
  return io::hex(io::sha256(bytes));
}

void RootDigest::add(const ManifestFile& file, const std::vector<ChunkRef>& chunks) {
  std::array<char, 48> mode_and_size{};
  std::snprintf(mode_and_size.data(), mode_and_size.size(), " %04o %llu ", file.mode,
                file.kind == FileKind::file ? static_cast<unsigned long long>(file.size) : 0ULL);
  // The path as JSON text, last: whatever bytes it has, it can look like no other line.
  digest_.update(std::string(to_text(file.kind)) + mode_and_size.data() + content_digest(file, chunks) + " " +
                 to_text(json::value(file.path)) + "\n");
}

std::string root_digest(const std::vector<ManifestFile>& files) {
  RootDigest digest;
  for (const ManifestFile& file : files) digest.add(file, file.chunks);
  return digest.hex();
}

}  // namespace tradewind::checkpoint
