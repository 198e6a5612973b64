#include "edge/data/file_hash.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include "edge/checkpoint/digest.h"
#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"

namespace tradewind::data {

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
  const io::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened.valid()) return io::errno_error(errno, "read " + file.string());
  checkpoint::Sha256 hash;
  std::vector<char> buffer(std::size_t{128} << 10);  // as small as the allocator keeps
  while (true) {
    const ssize_t n = ::read(opened.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io::errno_error(errno, "read " + file.string());
    if (n == 0) return hash.hex();
    hash.update({buffer.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace tradewind::data
