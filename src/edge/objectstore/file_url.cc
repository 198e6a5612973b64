#include "edge/objectstore/file_url.h"

#include <optional>

#include "edge/objectstore/percent_path.h"

namespace tradewind::objectstore {
namespace {

Error bad_url(std::string_view url, std::string_view problem) {
  return {Code::invalid_argument, "'" + std::string(url) + "' " + std::string(problem),
          "write it as file:///absolute/path, other characters as %20"};
}

}  // namespace

std::string file_url(std::string_view absolute_path) {
  return "file://" + percent_encoded_path(absolute_path);
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
  const std::optional<std::string> path = percent_decoded_path(rest);
  if (!path) return bad_url(url, "has a bad %-escape");
  return *path;
}

}  // namespace tradewind::objectstore
