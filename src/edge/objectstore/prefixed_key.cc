#include "edge/objectstore/prefixed_key.h"

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

Result<std::string> prefixed_key(std::string_view prefix, std::string_view key) {
  constexpr std::size_t key_bytes_max = 1024;
  TW_RETURN_IF_ERROR(check_key(key));
  std::string full = prefix.empty() ? std::string(key) : std::string(prefix) + "/" + std::string(key);
  if (full.size() > key_bytes_max) {
    return Error{
        Code::invalid_argument,
        "object key '" + full.substr(0, 80) + "...' is, with the store's prefix, longer than 1024 bytes",
        "shorten the prefix of the store's URL"};
  }
  return full;
}

}  // namespace tradewind::objectstore
