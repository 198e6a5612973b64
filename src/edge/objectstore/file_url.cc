#include "edge/objectstore/file_url.h"

#include <optional>

namespace tradewind::objectstore {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

Error bad_url(std::string_view url, std::string_view problem) {
  return {Code::invalid_argument, "'" + std::string(url) + "' " + std::string(problem),
          "write it as file:///absolute/path, other characters as %20"};
}

std::optional<unsigned> value_of(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A' + 10);
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
  return std::nullopt;
}

// Nothing where an escape is bad or stands for NUL, which no path can hold.
std::optional<std::string> decode(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = value_of(text[i + 1]);
    const auto low = value_of(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    bytes += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return bytes;
}

}  // namespace

std::string file_url(std::string_view absolute_path) {
  std::string url = "file://";
  for (const char c : absolute_path) {
    if (plain.find(c) != std::string_view::npos) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url += '%';
    url += hex_digits[byte / 16];
    url += hex_digits[byte % 16];
  }
  return url;
}

Result<std::string> path_of_file_url(std::string_view url) {
  constexpr std::string_view scheme = "file://";
  if (!url.starts_with(scheme)) return bad_url(url, "is no file URL");
  std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_url(url, "names no absolute path");
  if (const std::string_view host = rest.substr(0, slash); !host.empty() && host != "localhost") {
    return bad_url(url, "names the host '" + std::string(host) + "', but a folder is on this machine");
  }
  rest.remove_prefix(slash);
  if (rest.find_first_of("?#") != std::string_view::npos) return bad_url(url, "has a '?' or '#'");
  const std::optional<std::string> path = decode(rest);
  if (!path || path->find('\0') != std::string::npos) return bad_url(url, "has a bad %-escape");
  return *path;
}

}  // namespace tradewind::objectstore
