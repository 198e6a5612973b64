#include "edge/data/file_hash.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <vector>

#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/hash.h"

namespace tradewind::data {

struct RunningSha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

RunningSha256::RunningSha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}

RunningSha256::~RunningSha256() {
  EVP_MD_CTX_free(state_->context);
}

void RunningSha256::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string RunningSha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return objectstore::hex(std::string(digest.begin(), digest.begin() + size));
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
  const io::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened.valid()) return io::errno_error(errno, "read " + file.string());
  RunningSha256 hash;
  std::vector<char> buffer(std::size_t{128} << 10);  // as small as the allocator keeps
  while (true) {
    const ssize_t n = ::read(opened.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io::errno_error(errno, "read " + file.string());
    if (n == 0) return hash.finish();
    hash.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace tradewind::data
