#include "edge/objectstore/azblob_url.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "edge/io/http_target.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view form = "write azblob://CONTAINER/PREFIX?account=NAME";
constexpr std::string_view scheme = "azblob://";
// The clouds of the vendor: each has its own domain.
constexpr std::array<std::string_view, 4> domains = {".blob.core.windows.net", ".blob.core.chinacloudapi.cn",
                                                     ".blob.core.usgovcloudapi.net",
                                                     ".blob.storage.azure.net"};

Error bad_url(std::string_view shown, const std::string& problem) {
  return {Code::invalid_argument, "'" + std::string(shown.substr(0, 300)) + "' " + problem,
          std::string(form)};
}

bool is_container(std::string_view name) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return name.size() >= 3 && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         name.find("--") == std::string_view::npos &&
         name.find_first_not_of(alphabet) == std::string_view::npos;
}

// One word or an address: no server that is named after an account.
bool serves_many(const std::string& host) {
  return host.find('.') == std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos ||
         host.find(':') != std::string::npos;
}

// The account that a server is named after: "NAME" of "NAME.blob.core.windows.net", else "".
std::string account_of_host(std::string_view host) {
  for (const std::string_view domain : domains) {
    // Accounts in zones of the network have a part more: NAME.z01.blob.storage.azure.net.
    if (host.ends_with(domain)) return std::string(host.substr(0, host.find('.')));
  }
  return "";
}

Status read_place(std::string_view path, std::string_view shown, AzblobUrl& made) {
  const std::size_t slash = path.find('/');
  made.container = std::string(path.substr(0, slash));
  if (slash != std::string_view::npos) made.prefix = std::string(path.substr(slash + 1));
  if (made.prefix.ends_with('/')) made.prefix.pop_back();
  if (made.container.empty()) return bad_url(shown, "names no container");
  if (!is_container(made.container)) {
    return bad_url(shown,
                   "names a container that cannot be: 3 to 63 lower-case letters, digits and single '-'");
  }
  const bool is_escaped = made.prefix.find('%') != std::string::npos;
  if (!made.prefix.empty() && (is_escaped || !check_key(made.prefix).ok())) {
    return bad_url(
        shown,
        "has a prefix that keys cannot begin with: names joined by '/', written as they are, without '%'");
  }
  return {};
}

// The parameters of a SAS, which all stand together: the rest of the query is ours.
bool is_of_sas(std::string_view name) {
  constexpr std::array<std::string_view, 24> names = {
      "sv",    "ss",  "srt", "sr",  "sp",  "st",  "se",    "sip",   "spr",  "sig",  "si",   "skoid",
      "sktid", "skt", "ske", "sks", "skv", "sdd", "saoid", "suoid", "scid", "rscc", "rscd", "ses"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error unknown_option(const std::string& name) {
  constexpr std::array<std::string_view, 2> known = {"account", "endpoint"};
  const std::string near = nearest_word(name, known);
  return {Code::invalid_argument,
          "the query of an azblob: URL may have account and endpoint, or a SAS, not '" + name + "'",
          near.empty() ? "keys come from the environment, never from a URL" : "did you mean " + near + "?"};
}

// Our own options are decoded; a SAS stays as it came, since its signature is over what its maker wrote.
Status read_query(std::string_view text, AzblobUrl& made, std::string& endpoint) {
  std::vector<std::string> sas;
  for (const std::string& pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::string name = pair.substr(0, pair.find('='));
    if (is_of_sas(name)) {
      sas.push_back(pair);
      continue;
    }
    if (name != "account" && name != "endpoint") return unknown_option(name);
    TW_ASSIGN_OR_RETURN(const io::HttpTarget target, io::parse_http_target("/?" + pair));
    (name == "account" ? made.account : endpoint) = target.query.at(name);
  }
  made.sas = join(sas, "&");
  if (!made.sas.empty() && made.sas.find("sig=") == std::string::npos) {
    return Error{Code::invalid_argument, "the SAS in the URL is not whole: it has no sig=",
                 "paste all of it, and put quotes around the URL"};
  }
  return {};
}

Result<AzblobUrl> parse_own(std::string_view path, std::string_view query, std::string_view shown) {
  AzblobUrl made;
  std::string endpoint;
  TW_RETURN_IF_ERROR(read_query(query, made, endpoint));
  TW_RETURN_IF_ERROR(read_place(path, shown, made));
  if (!made.account.empty() && !is_azure_account(made.account)) {
    return bad_url(shown, "has an account that cannot be: 3 to 24 lower-case letters and digits");
  }
  if (!endpoint.empty()) {
    TW_ASSIGN_OR_RETURN(made.endpoint, parse_azure_endpoint(endpoint, made.account, "endpoint"));
    if (made.account.empty()) made.account = account_of(*made.endpoint);
  }
  return made;
}

// Of "https://NAME.blob.core.windows.net" or "http://127.0.0.1:10000", and what follows it.
Result<AzblobUrl> parse_pasted(std::string_view server, std::string_view path, std::string_view query,
                               std::string_view shown) {
  AzblobUrl made;
  std::string endpoint;
  TW_RETURN_IF_ERROR(read_query(query, made, endpoint));
  TW_ASSIGN_OR_RETURN(io::HttpEndpoint where, cloud::parse_endpoint(server, "the store"));
  made.account = account_of_host(where.host);
  const bool usual = where == io::HttpEndpoint{"", made.account + std::string(domains[0]), 443, true};
  if (made.account.empty()) {
    const std::size_t slash = path.find('/');
    made.account = std::string(path.substr(0, slash));
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
    made.endpoint = AzureEndpoint{std::move(where), "/" + made.account};
  } else if (!usual) {
    made.endpoint = AzureEndpoint{std::move(where), ""};
  }
  if (!is_azure_account(made.account)) return bad_url(shown, "names no account of Azure's");
  TW_RETURN_IF_ERROR(read_place(path, shown, made));
  return made;
}

}  // namespace

std::string account_of(const AzureEndpoint& endpoint) {
  return endpoint.path.empty() ? account_of_host(endpoint.server.host) : endpoint.path.substr(1);
}

bool is_azure_account(std::string_view name) {
  return name.size() >= 3 && name.size() <= 24 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

bool is_pasted_azblob_url(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return false;
  const std::string_view kind = url.substr(0, begin);
  std::string_view host = url.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::string name(host.substr(0, host.find(':')));
  if (kind != "https" && kind != "http") return false;
  return !account_of_host(name).empty() || name == "localhost" || name == "127.0.0.1";
}

Result<AzblobUrl> parse_azblob_url(std::string_view url) {
  const std::size_t question = std::min(url.find('?'), url.size());
  const std::string_view shown = url.substr(0, question);
  const std::string_view query = url.substr(std::min(question + 1, url.size()));
  if (shown.find('@') != std::string_view::npos) {
    return Error{Code::invalid_argument, "an azblob: URL names no user and no secret", std::string(form)};
  }
  if (url.find('#') != std::string_view::npos) return bad_url(shown, "has a '#'");
  if (shown.starts_with(scheme)) return parse_own(shown.substr(scheme.size()), query, shown);
  if (!is_pasted_azblob_url(url)) return bad_url(shown, "is no azblob: URL");
  const std::size_t path = std::min(shown.find('/', shown.find("://") + 3), shown.size());
  return parse_pasted(shown.substr(0, path), shown.substr(std::min(path + 1, shown.size())), query, shown);
}

std::string to_text(const AzblobUrl& url) {
  std::string text = std::string(scheme) + url.container + (url.prefix.empty() ? "" : "/" + url.prefix);
  if (!url.account.empty()) text += "?account=" + url.account;
  if (url.endpoint) {
    text += (url.account.empty() ? "?" : "&") + ("endpoint=" + io::to_text(url.endpoint->server)) +
            url.endpoint->path;
  }
  return text;
}

Result<AzureEndpoint> parse_azure_endpoint(std::string_view text, std::string_view account,
                                           std::string_view named_by) {
  if (text.find_first_of("?#@") != std::string_view::npos) {
    return Error{Code::invalid_argument, std::string(named_by) + " is no endpoint of Azure Blob Storage",
                 "write https://NAME.blob.core.windows.net, or http://HOST:PORT/NAME"};
  }
  TW_ASSIGN_OR_RETURN(cloud::ServiceAddress address, cloud::parse_service_address(text, named_by));
  AzureEndpoint made{std::move(address.endpoint), std::move(address.target)};
  while (made.path.ends_with('/')) made.path.pop_back();
  if (!made.path.empty() && !is_azure_account(made.path.substr(1))) {
    return Error{
        Code::invalid_argument,
        "'" + std::string(text) + "', given as " + std::string(named_by) + ", has a path that is no account",
        "write https://NAME.blob.core.windows.net, or http://HOST:PORT/NAME"};
  }
  if (made.path.empty() && !account.empty() && serves_many(made.server.host)) {
    made.path = "/" + std::string(account);
  }
  return made;
}

AzureEndpoint address_of(const AzblobUrl& url) {
  if (!url.endpoint) return {{"", url.account + std::string(domains[0]), 443, true}, ""};
  AzureEndpoint made = *url.endpoint;
  if (made.path.empty() && serves_many(made.server.host)) made.path = "/" + url.account;
  return made;
}

}  // namespace tradewind::objectstore
