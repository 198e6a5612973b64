#include "edge/objectstore/s3_url.h"

#include <array>
#include <vector>

#include "base/text.h"
#include "edge/cloud/service_address.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view form = "write s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION";

Error bad_url(std::string_view url, const std::string& problem) {
  return {Code::invalid_argument, "'" + std::string(url.substr(0, 300)) + "' " + problem, std::string(form)};
}

// Names of 3 to 63 lower-case letters, digits, dots and dashes at Amazon; others also allow capitals and '_'.
bool is_bucket(std::string_view name, bool amazon) {
  constexpr std::string_view strict = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  constexpr std::string_view wide = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.size() < 3 || name.size() > (amazon ? 63U : 255U)) return false;
  if (name.front() == '.' || name.front() == '-' || name.find("..") != std::string_view::npos) return false;
  return name.find_first_not_of(amazon ? strict : wide) == std::string_view::npos;
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

Result<bool> yes_or_no(const std::string& text, std::string_view url) {
  if (text == "yes" || text == "true" || text == "1") return true;
  if (text == "no" || text == "false" || text == "0") return false;
  return bad_url(url, "has path_style=" + text + ", where yes or no is expected");
}

Status read_option(const std::string& name, const std::string& value, std::string_view shown, S3Url& made) {
  if (name == "endpoint") {
    TW_ASSIGN_OR_RETURN(made.endpoint, cloud::parse_endpoint(value, "endpoint"));
  } else if (name == "region") {
    if (!is_region(value)) return bad_url(shown, "has a region that is none");
    made.region = value;
  } else if (name == "path_style") {
    TW_ASSIGN_OR_RETURN(made.path_style, yes_or_no(value, shown));
  } else if (name == "profile") {
    if (value.empty()) return bad_url(shown, "has an empty profile");
    made.profile = value;
  } else {
    constexpr std::array<std::string_view, 4> known = {"endpoint", "region", "path_style", "profile"};
    const std::string near = nearest_word(name, known);
    // The value is not shown: it may be a secret that somebody tried to pass.
    return Error{
        Code::invalid_argument,
        "the query of an s3: URL may have endpoint, region, path_style and profile, not '" + name + "'",
        near.empty() ? "keys come from the environment or ~/.aws, never from a URL"
                     : "did you mean " + near + "?"};
  }
  return {};
}

}  // namespace

Result<S3Url> parse_s3_url(std::string_view url) {
  constexpr std::string_view scheme = "s3://";
  if (!url.starts_with(scheme)) return bad_url(url, "is no s3: URL");
  std::string_view rest = url.substr(scheme.size());
  const std::size_t question = rest.find('?');
  const std::string_view path = rest.substr(0, question);
  const std::string_view shown = url.substr(0, scheme.size() + path.size());
  if (path.find('@') != std::string_view::npos) {
    return Error{Code::invalid_argument, "an s3: URL names no user and no secret",
                 "keys come from the environment or ~/.aws; " + std::string(form)};
  }
  if (rest.find('#') != std::string_view::npos) return bad_url(shown, "has a '#'");
  S3Url made;
  const std::size_t slash = path.find('/');
  made.bucket = std::string(path.substr(0, slash));
  if (slash != std::string_view::npos) made.prefix = std::string(path.substr(slash + 1));
  if (made.prefix.ends_with('/')) made.prefix.pop_back();
  const bool is_escaped = made.prefix.find('%') != std::string::npos;
  if (!made.prefix.empty() && (is_escaped || !check_key(made.prefix).ok())) {
    return bad_url(
        shown,
        "has a prefix that keys cannot begin with: names joined by '/', written as they are, without '%'");
  }
  if (question != std::string_view::npos) {
    TW_ASSIGN_OR_RETURN(const io::HttpTarget target,
                        io::parse_http_target("/?" + std::string(rest.substr(question + 1))));
    for (const auto& [name, value] : target.query) TW_RETURN_IF_ERROR(read_option(name, value, shown, made));
  }
  if (made.bucket.empty()) return bad_url(shown, "names no bucket");
  if (!is_bucket(made.bucket, !made.endpoint)) {
    return bad_url(shown, "names a bucket that cannot be: 3 to 63 lower-case letters, digits, '.' and '-'");
  }
  return made;
}

std::string to_text(const S3Url& url) {
  std::string text = "s3://" + url.bucket + (url.prefix.empty() ? "" : "/" + url.prefix);
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    text += separator + std::string(name) + "=" + value;
    separator = '&';
  };
  if (url.endpoint) add("endpoint", io::to_text(*url.endpoint));
  if (!url.region.empty()) add("region", url.region);
  if (url.path_style) add("path_style", *url.path_style ? "yes" : "no");
  if (!url.profile.empty()) add("profile", io::percent_encode(url.profile));
  return text;
}

S3Address address_of(const S3Url& url) {
  const bool dotted = url.bucket.find('.') != std::string::npos;
  const bool path_style = url.path_style.value_or(url.endpoint.has_value() || dotted);
  io::HttpEndpoint endpoint;
  if (url.endpoint) {
    endpoint = *url.endpoint;
  } else {
    const std::string domain = url.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    endpoint = {"", "s3." + url.region + domain, 443, true};
  }
  if (path_style) return {std::move(endpoint), "/" + url.bucket + "/"};
  endpoint.host = url.bucket + "." + endpoint.host;
  return {std::move(endpoint), "/"};
}

}  // namespace tradewind::objectstore
