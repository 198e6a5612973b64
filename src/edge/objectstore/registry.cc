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
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/sftp/sftp_store.h"

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

Opened open_sftp(std::string_view url, io::HelperProcesses* helpers) {
  return open_sftp_store(url, io::current_environment(), {}, helpers);
}

struct Kind {
  std::string_view scheme;
  Opened (*open)(std::string_view url, io::HelperProcesses* helpers);
};
constexpr std::array kinds = {
    Kind{"file", open_file}, Kind{"s3", open_s3},   Kind{"azblob", open_azblob},
    Kind{"gs", open_gcs},    Kind{"gcs", open_gcs}, Kind{"sftp", open_sftp},
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
