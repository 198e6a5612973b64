#include "edge/objectstore/object_store.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t key_bytes_max = 1024;

bool is_forbidden(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
}

Error bad_key(std::string_view key, std::string_view problem) {
  // A key that is refused may hold anything: only its printable part is shown.
  std::string shown;
  for (const char c : key.substr(0, 80)) shown += c >= ' ' && c <= '~' ? c : '?';
  if (key.size() > 80) shown += "...";
  return {Code::invalid_argument, "object key '" + shown + "' " + std::string(problem),
          "keys are names of files, joined by '/'"};
}

}  // namespace

Status check_key(std::string_view key) {
  if (key.empty()) return bad_key(key, "is empty");
  if (key.size() > key_bytes_max) return bad_key(key, "is longer than 1024 bytes");
  if (std::any_of(key.begin(), key.end(), is_forbidden)) {
    return bad_key(key, "has a character that keys may not have");
  }
  if (!is_utf8(key)) return bad_key(key, "is not UTF-8");
  for (const std::string& part : split(key, '/')) {
    if (part.empty()) return bad_key(key, "has an empty part");
    if (part == "." || part == "..") return bad_key(key, "has a part '" + part + "'");
    if (part.front() == '~') return bad_key(key, "has a part that begins with '~'");
  }
  return {};
}

void leave_out(ObjectPage& page, std::string_view name) {
  if (page.left_out.size() < left_out_max) page.left_out.emplace_back(name);
}

Error ObjectStore::is_younger(std::string_view key) const {
  return {Code::conflict, url() + ": object '" + std::string(key) + "' was put again"};
}

Status ObjectStore::remove_if_older(std::string_view key, Time limit) {
  const Result<ObjectInfo> info = stat(key);
  if (!info.ok()) return info.error().code == Code::not_found ? Status() : Status(info.error());
  if (info->modified_at >= limit) return is_younger(key);
  return remove(key);
}

}  // namespace tradewind::objectstore
