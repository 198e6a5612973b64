#include "edge/objectstore/sftp/sftp_url.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "edge/objectstore/percent_path.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view scheme = "sftp://";
constexpr std::string_view form =
    "write it as sftp://USER@HOST:PORT/absolute/path or sftp://HOST/~/path/below/home, other characters as "
    "%20";
// What ssh_config(5) may hand to a shell (ProxyCommand %h %r) holds no character that means something there.
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view host_marks = "._-";
constexpr std::string_view address_marks = ":.%_-";
constexpr std::string_view user_marks = "._-+@\\";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

Error bad_url(std::string_view url, std::string_view problem) {
  std::string shown;
  for (const char c : url.substr(0, 200)) shown += is_control(c) ? '?' : c;
  // What stands between ':' and '@' may have been meant as a password.
  const std::size_t colon = url.find(':', std::min(scheme.size(), url.size()));
  if (colon != std::string_view::npos && url.rfind('@') != std::string_view::npos && url.rfind('@') > colon) {
    shown = "the sftp: URL";
  }
  return {Code::invalid_argument, "'" + shown + "' " + std::string(problem), std::string(form)};
}

bool made_of(std::string_view text, std::string_view marks) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [marks](char c) {
    return letters.find(c) != std::string_view::npos || marks.find(c) != std::string_view::npos;
  });
}

// "HOST", "HOST:PORT", "[ADDRESS]:PORT"
Status read_place(std::string_view text, std::string_view url, SftpUrl& made) {
  std::string_view marks = host_marks;
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    marks = address_marks;
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return bad_url(url, "has a '[' without its ']'");
    const auto zone = percent_decoded_path(text.substr(1, bracket - 1));
    made.host = zone.value_or("");
    if (made.host.find(':') == std::string::npos) return bad_url(url, "has no IPv6 address in its brackets");
    text.remove_prefix(bracket + 1);
    end = 0;
    if (!text.empty() && text.front() != ':') return bad_url(url, "has something between ']' and the path");
  } else {
    made.host = std::string(text.substr(0, end));
  }
  if (made.host.empty()) return bad_url(url, "names no host");
  if (!made_of(made.host, marks)) return bad_url(url, "names a host that cannot be");
  if (end >= text.size()) return {};
  const std::string_view port = text.substr(end + 1);
  const auto [rest, failure] = std::from_chars(port.data(), port.data() + port.size(), made.port);
  if (failure != std::errc() || rest != port.data() + port.size() || made.port < 1 || made.port > 65535) {
    return bad_url(url, "has a port that is none: 1 to 65535");
  }
  return {};
}

// The parts of a path, without those that mean nothing.
Result<std::vector<std::string>> read_parts(std::string_view text, std::string_view url) {
  const auto path = percent_decoded_path(text);
  if (!path) return bad_url(url, "has a bad %-escape");
  if (std::any_of(path->begin(), path->end(), is_control)) {
    return bad_url(url, "has a control character in its path");
  }
  std::vector<std::string> parts;
  for (std::string& part : split(*path, '/')) {
    if (part == "..") return bad_url(url, "has a part '..': what that is, only the server knows");
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<SftpUrl> parse_sftp_url(std::string_view url) {
  if (!url.starts_with(scheme)) return bad_url(url, "is no sftp: URL");
  std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  std::string_view place = rest.substr(0, slash);
  SftpUrl made;
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = place.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      return Error{Code::invalid_argument, "an sftp: URL holds no password",
                   "ssh logs in with a key or a certificate: ssh-copy-id installs one"};
    }
    made.user = percent_decoded_path(user).value_or("");
    if (!made_of(made.user, user_marks)) return bad_url(url, "names a user that cannot be");
    place.remove_prefix(at + 1);
  }
  TW_RETURN_IF_ERROR(read_place(place, url, made));
  if (slash == std::string_view::npos) return bad_url(url, "names no folder");
  rest.remove_prefix(slash);
  if (rest.find_first_of("?#") != std::string_view::npos) return bad_url(url, "has a '?' or '#'");
  const bool home = rest == "/~" || rest.starts_with("/~/");
  if (!home && rest.starts_with("/~")) {
    return bad_url(url, "names another user's home: log in as that user, or write %7E for a plain '~'");
  }
  TW_ASSIGN_OR_RETURN(const std::vector<std::string> parts, read_parts(rest.substr(home ? 2 : 0), url));
  made.path = (home ? "" : "/") + join(parts, "/");
  if (made.path.empty()) made.path = ".";
  // A server is free to see more in a leading '~' than a name.
  if (home && made.path.starts_with('~')) made.path.insert(0, "./");
  return made;
}

std::string to_text(const SftpUrl& url) {
  std::string text(scheme);
  if (!url.user.empty()) text += percent_encoded_path(url.user) + "@";
  if (url.host.find(':') == std::string::npos) {
    text += url.host;
  } else {
    text += "[";
    for (const char c : url.host) text += c == '%' ? "%25" : std::string(1, c);
    text += "]";
  }
  if (url.port != 0) text += ":" + std::to_string(url.port);
  const bool home = !url.path.starts_with('/');
  std::string_view path = url.path;
  if (home && path.starts_with("./")) path.remove_prefix(2);
  if (home) return text + "/~" + (path == "." ? "" : "/" + percent_encoded_path(path));
  std::string encoded = percent_encoded_path(path);
  if (encoded.starts_with("/~")) encoded.replace(1, 1, "%7E");
  return text + encoded;
}

}  // namespace tradewind::objectstore
