#include "edge/objectstore/registry.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "edge/io/process.h"
#include "edge/objectstore/azblob_store.h"
#include "edge/objectstore/azblob_url.h"
#include "edge/objectstore/file_store.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/gcs/gcs_store.h"
#include "edge/objectstore/gcs/gcs_url.h"
#include "edge/objectstore/relay/relay_store.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/s3_url.h"
#include "edge/objectstore/sftp/sftp_store.h"
#include "edge/objectstore/sftp/sftp_url.h"

namespace tradewind::objectstore {
namespace {

using Opened = Result<std::unique_ptr<ObjectStore>>;

Opened open_file(std::string_view url, io::HelperProcesses*) {
  TW_ASSIGN_OR_RETURN(const std::string path, path_of_file_url(url));
  return open_file_store(path);
}

Opened open_s3(std::string_view url, io::HelperProcesses*) {
  return open_s3_store(url, io::current_environment());
}

Opened open_azblob(std::string_view url, io::HelperProcesses*) {
  return open_azblob_store(url, io::current_environment());
}

Opened open_gcs(std::string_view url, io::HelperProcesses*) {
  return open_gcs_store(url, io::current_environment());
}

Opened open_relay(std::string_view url, io::HelperProcesses*) {
  return open_relay_store(url, io::current_environment());
}

Opened open_sftp(std::string_view url, io::HelperProcesses* helpers) {
  return open_sftp_store(url, io::current_environment(), {}, helpers);
}

template <auto parse>
Status check(std::string_view url) {
  const auto parsed = parse(url);
  return parsed.ok() ? Status() : Status(parsed.error());
}

struct Kind {
  std::string_view scheme;
  Opened (*open)(std::string_view url, io::HelperProcesses* helpers);
  Status (*check)(std::string_view url);
};
constexpr std::array kinds = {
    Kind{"file", open_file, check<path_of_file_url>},     Kind{"s3", open_s3, check<parse_s3_url>},
    Kind{"azblob", open_azblob, check<parse_azblob_url>}, Kind{"gs", open_gcs, check<parse_gcs_url>},
    Kind{"gcs", open_gcs, check<parse_gcs_url>},          Kind{"sftp", open_sftp, check<parse_sftp_url>},
    Kind{"relay", open_relay, check<parse_relay_url>},
};

Error unknown(std::string_view url, std::string_view scheme) {
  std::vector<std::string_view> schemes;
  std::string known;
  for (const Kind& kind : kinds) {
    schemes.push_back(kind.scheme);
    known += (known.empty() ? "" : ", ") + std::string(kind.scheme) + "://";
  }
  const std::string near = nearest_word(lower(scheme), schemes);
  return {Code::invalid_argument,
          "no store is known for '" + std::string(url.substr(0, std::min<std::size_t>(url.find('?'), 200))) +
              "': stores are " + known,
          near.empty() ? "" : "did you mean " + near + "://?"};
}

}  // namespace

Opened open_store(std::string_view url, io::HelperProcesses* helpers) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) {
    if (url.starts_with('/')) {
      return Error{Code::invalid_argument,
                   "'" + std::string(url) + "' is a path, where a store's URL is expected",
                   "write " + file_url(url)};
    }
    return unknown(url, url.substr(0, url.find(':')));
  }
  const std::string_view scheme = url.substr(0, colon);
  for (const Kind& kind : kinds) {
    if (kind.scheme == scheme) return kind.open(url, helpers);
  }
  if (is_pasted_gcs_url(url)) return open_gcs(url, helpers);
  if (is_pasted_azblob_url(url)) return open_azblob(url, helpers);
  return unknown(url, scheme);
}

Result<std::unique_ptr<ObjectStore>> open_store_to_read(std::string_view url, io::HelperProcesses* helpers) {
  if (!url.starts_with("file://")) return open_store(url, helpers);
  TW_ASSIGN_OR_RETURN(const std::string path, path_of_file_url(url));
  return open_file_store_to_read(path);
}

Status check_store_url(std::string_view url) {
  TW_RETURN_IF_ERROR(check_no_secret(url));
  const std::size_t colon = url.find("://");
  const std::string_view scheme = url.substr(0, colon);
  for (const Kind& kind : kinds) {
    if (colon != std::string_view::npos && kind.scheme == scheme) return kind.check(url);
  }
  if (is_pasted_gcs_url(url)) return check<parse_gcs_url>(url);
  if (is_pasted_azblob_url(url)) return check<parse_azblob_url>(url);
  return unknown(url, scheme);
}

Status check_no_secret(std::string_view url) {
  if (!is_pasted_azblob_url(url)) return {};
  const Result<AzblobUrl> parsed = parse_azblob_url(url);
  if (!parsed.ok()) return parsed.error();
  if (parsed->sas.empty()) return {};
  return Error{Code::invalid_argument,
               "the URL " + std::string(url.substr(0, url.find('?'))) +
                   " comes with its SAS, which would be written down and shown in process lists",
               "leave it out of the URL, and put it into AZURE_STORAGE_SAS_TOKEN in the environment"};
}

}  // namespace tradewind::objectstore
