// Keys and file URLs of any bytes: what is accepted stays below the root, and a path survives its URL.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/objectstore/file_url.h"
#include "edge/objectstore/object_store.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradewind::objectstore;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (check_key(input).ok()) {
    const std::string framed = "/" + std::string(input) + "/";
    if (framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos) std::abort();
    if (framed.find("//") != std::string::npos || framed.find("/~") != std::string::npos) std::abort();
  }
  const auto path = path_of_file_url(input);
  if (path.ok()) {
    const auto again = path_of_file_url(file_url(*path));
    if (!again.ok() || *again != *path || path->front() != '/') std::abort();
  }
  if (!path.ok() && path.error().message.empty()) std::abort();
  return 0;
}
