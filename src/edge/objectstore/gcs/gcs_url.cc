#include "edge/objectstore/gcs/gcs_url.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view form = "write gs://BUCKET/PREFIX";
constexpr std::string_view google = "storage.googleapis.com";
constexpr std::array<std::string_view, 2> schemes = {"gs://", "gcs://"};
// Hosts whose paths begin with the bucket.
constexpr std::array<std::string_view, 3> pasted_hosts = {google, "storage.cloud.google.com",
                                                          "storage.mtls.cloud.google.com"};

Error bad_url(std::string_view shown, const std::string& problem) {
  return {Code::invalid_argument, "'" + std::string(shown.substr(0, 300)) + "' " + problem,
          std::string(form)};
}

// Names with dots may have 222 characters, their parts 63.
bool is_bucket(std::string_view name) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  const auto is_outer = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 222 || !is_outer(name.front()) || !is_outer(name.back())) return false;
  if (name.find_first_not_of(alphabet) != std::string_view::npos) return false;
  const std::vector<std::string> parts = split(name, '.');
  return std::all_of(parts.begin(), parts.end(),
                     [](const std::string& part) { return !part.empty() && part.size() <= 63; });
}

// "my-project-123", "123456789", "example.com:my-project".
bool is_project(std::string_view name) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-.:";
  return !name.empty() && name.size() <= 128 && name.find_first_not_of(alphabet) == std::string_view::npos;
}

Status read_option(const std::string& name, const std::string& value, std::string_view shown, GcsUrl& made) {
  constexpr std::array<std::string_view, 3> known = {"endpoint", "project", "anonymous"};
  if (name == "endpoint") {
    TW_ASSIGN_OR_RETURN(made.endpoint, cloud::parse_endpoint(value, "endpoint"));
    return {};
  }
  if (name == "project") {
    if (!is_project(value)) return bad_url(shown, "has a project that cannot be");
    made.project = value;
    return {};
  }
  if (name == "anonymous") {
    if (value != "yes" && value != "no") return bad_url(shown, "has anonymous, which is yes or no");
    made.anonymous = value == "yes";
    return {};
  }
  const std::string near = nearest_word(name, known);
  return Error{Code::invalid_argument,
               "the query of a gs: URL may have endpoint, project and anonymous, not '" + name + "'",
               near.empty() ? "credentials are found where Google's own tools find them, never in a URL"
                            : "did you mean " + near + "?"};
}

Status read_query(std::string_view query, std::string_view shown, GcsUrl& made) {
  TW_ASSIGN_OR_RETURN(const io::HttpTarget target, io::parse_http_target("/?" + std::string(query)));
  for (const auto& [name, value] : target.query) {
    TW_RETURN_IF_ERROR(read_option(name, value, shown, made));
  }
  return {};
}

Status read_place(std::string_view path, std::string_view shown, GcsUrl& made) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  made.bucket = std::string(path.substr(0, slash));
  made.prefix = std::string(path.substr(std::min(slash + 1, path.size())));
  if (made.prefix.ends_with('/')) made.prefix.pop_back();
  if (made.bucket.empty()) return bad_url(shown, "names no bucket");
  if (!is_bucket(made.bucket)) {
    return bad_url(
        shown,
        "names a bucket that cannot be: 3 to 63 lower-case letters, digits, '-' and '_', or with dots");
  }
  const bool is_escaped = made.prefix.find('%') != std::string::npos;
  if (!made.prefix.empty() && (is_escaped || !check_key(made.prefix).ok())) {
    return bad_url(
        shown,
        "has a prefix that keys cannot begin with: names joined by '/', written as they are, without '%'");
  }
  return {};
}

// "bucket/prefix" of what was pasted; nothing where it is no URL of a bucket.
std::optional<std::string> pasted_path(std::string_view url) {
  constexpr std::string_view safe = "https://";
  if (!url.starts_with(safe)) return std::nullopt;
  url.remove_prefix(safe.size());
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view host = url.substr(0, slash);
  const std::string_view path = url.substr(std::min(slash + 1, url.size()));
  if (std::find(pasted_hosts.begin(), pasted_hosts.end(), host) != pasted_hosts.end())
    return std::string(path);
  const std::string own = "." + std::string(google);
  if (!host.ends_with(own)) return std::nullopt;
  return std::string(host.substr(0, host.size() - own.size())) + "/" + std::string(path);
}

}  // namespace

bool is_pasted_gcs_url(std::string_view url) {
  return pasted_path(url).has_value();
}

Result<GcsUrl> parse_gcs_url(std::string_view url) {
  const std::size_t question = std::min(url.find('?'), url.size());
  const std::string_view shown = url.substr(0, question);
  const std::string_view query = url.substr(std::min(question + 1, url.size()));
  if (shown.find('@') != std::string_view::npos) {
    return Error{Code::invalid_argument, "a gs: URL names no user and no secret", std::string(form)};
  }
  if (url.find('#') != std::string_view::npos) return bad_url(shown, "has a '#'");
  std::optional<std::string> path = pasted_path(url);
  for (const std::string_view scheme : schemes) {
    if (shown.starts_with(scheme)) path = shown.substr(scheme.size());
  }
  if (!path) return bad_url(shown, "is no gs: URL");
  GcsUrl made;
  TW_RETURN_IF_ERROR(read_place(*path, shown, made));
  TW_RETURN_IF_ERROR(read_query(query, shown, made));
  return made;
}

std::string to_text(const GcsUrl& url) {
  std::string text = "gs://" + url.bucket + (url.prefix.empty() ? "" : "/" + url.prefix);
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    text += separator + std::string(name) + "=" + value;
    separator = '&';
  };
  if (url.endpoint) add("endpoint", io::to_text(*url.endpoint));
  if (!url.project.empty()) add("project", url.project);
  if (url.anonymous) add("anonymous", *url.anonymous ? "yes" : "no");
  return text;
}

Status complete_gcs_url(GcsUrl& url, const cloud::Variables& environment) {
  std::string host = cloud::variable(environment, "STORAGE_EMULATOR_HOST");
  if (url.endpoint || host.empty()) return {};
  if (host.find("://") == std::string::npos) host.insert(0, "http://");
  TW_ASSIGN_OR_RETURN(url.endpoint, cloud::parse_endpoint(host, "STORAGE_EMULATOR_HOST"));
  return {};
}

io::HttpEndpoint address_of(const GcsUrl& url) {
  return url.endpoint.value_or(io::HttpEndpoint{"", std::string(google), 443, true});
}

bool is_anonymous(const GcsUrl& url) {
  return url.anonymous.value_or(!address_of(url).tls);
}

}  // namespace tradewind::objectstore
