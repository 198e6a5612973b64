#include "edge/data/source.h"

#include <algorithm>
#include <filesystem>

#include "core/model/stored_names.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/percent_path.h"
#include "edge/objectstore/registry.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::ObjectStore;

Error nothing_at(const std::string& url) {
  return {Code::not_found, "there is nothing at " + url,
          "check the URL: it names a folder of objects, or one object"};
}

Error no_file_name(const std::string& url, const std::string& name) {
  std::string shown;
  for (const char c : name) shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return {Code::invalid_argument,
          "the source " + url + " has '" + shown +
              "', which is no plain file, or no name that a file should have",
          "name a source without it, or a folder of this machine by its path, whose links are copied"};
}

Error named(const Error& error, const std::string& url) {
  if (error.message.find(url) != std::string::npos) return error;
  return {error.code, "the source " + url + ": " + error.message, error.hint};
}

// A file where the URL names one.
bool is_single_file(const std::string& url) {
  if (!url.starts_with("file://")) return false;
  const Result<std::string> path = objectstore::path_of_file_url(url);
  std::error_code failed;
  return path.ok() && fs::is_regular_file(*path, failed);
}

Status no_file_is_a_folder(const std::vector<SourceObject>& objects, const std::string& url) {
  std::vector<std::string_view> paths;
  paths.reserve(objects.size());
  for (const SourceObject& object : objects) paths.emplace_back(object.path);  // ascending, as listed
  std::string_view checked;
  for (const std::string_view path : paths) {
    const std::string_view folder = path.substr(0, std::min(path.rfind('/'), path.size()));
    if (folder == checked || folder == path) continue;
    checked = folder;
    for (std::size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
      if (!std::binary_search(paths.begin(), paths.end(), path.substr(0, end))) continue;
      return Error{Code::invalid_argument,
                   "the source " + url + " has an object '" + std::string(path.substr(0, end)) +
                       "' and others below that name",
                   "on a disk a name is a file or a folder: name a deeper prefix, or rename the object"};
    }
  }
  return {};
}

}  // namespace

SplitUrl split_url(const std::string& url) {
  const std::size_t query = std::min(url.find('?'), url.size());
  const std::string path = url.substr(0, query);
  const std::size_t begin = path.find("://");
  const std::size_t slash = path.rfind('/');
  if (begin == std::string::npos || slash < begin + 3 || slash + 1 == path.size()) return {};
  return {path.substr(0, slash) + url.substr(query), path.substr(slash + 1)};
}

Result<Source> Source::open(const std::string& url, io::HelperProcesses* helpers) {
  const SplitUrl split = split_url(url);
  const bool is_encoded = url.starts_with("file://") || url.starts_with("sftp://");
  const std::string name =
      is_encoded ? objectstore::percent_decoded_path(split.name).value_or("") : split.name;
  const auto open_at = [helpers](const std::string& where) {
    return objectstore::open_store_to_read(where, helpers);
  };
  const auto make = [&](std::unique_ptr<ObjectStore> store, std::string single) {
    Source source(*store, url);
    source.owned_ = std::move(store);
    source.single_ = std::move(single);
    return source;
  };
  if (is_single_file(url)) {
    Result<std::unique_ptr<ObjectStore>> above =
        open_at(split.parent == "file://" ? "file:///" : split.parent);
    if (!above.ok()) return named(above.error(), url);
    return make(*std::move(above), name);
  }
  Result<std::unique_ptr<ObjectStore>> store = open_at(url);
  if (!store.ok()) return named(store.error(), url);
  const Result<ObjectPage> first = (*store)->list("", "", 1);
  if (!first.ok()) return named(first.error(), url);
  if (!first->objects.empty() || split.parent.empty() || name.empty() || url.starts_with("file://")) {
    return make(*std::move(store), "");
  }
  Result<std::unique_ptr<ObjectStore>> above = open_at(split.parent);
  if (!above.ok()) return named(above.error(), url);
  const Result<ObjectInfo> single = (*above)->stat(name);
  if (single.ok()) return make(*std::move(above), name);
  if (single.error().code != Code::not_found && single.error().code != Code::invalid_argument) {
    return named(single.error(), url);
  }
  return make(*std::move(store), "");
}

Result<std::vector<SourceObject>> Source::list() const {
  std::vector<SourceObject> objects;
  if (!single_.empty()) {
    const Result<ObjectInfo> info = store_->stat(single_);
    if (!info.ok()) return named(info.error(), url_);
    objects.push_back({"", single_, info->size_bytes, info->modified_at});
    return objects;
  }
  bool more = true;
  while (more) {
    const Result<ObjectPage> page = store_->list("", objects.empty() ? "" : objects.back().key);
    if (!page.ok()) return named(page.error(), url_);
    for (const std::string& name : page->left_out) {
      if (!name.ends_with('/')) return no_file_name(url_, name);  // S3's browsers make folders so
    }
    for (const ObjectInfo& info : page->objects) {
      objects.push_back({info.key, info.key, info.size_bytes, info.modified_at});
    }
    more = page->more && !page->objects.empty();
  }
  if (objects.empty()) return nothing_at(url_);
  TW_RETURN_IF_ERROR(no_file_is_a_folder(objects, url_));
  return objects;
}

Result<bool> Source::holds_checkpoints() const {
  if (!single_.empty()) return false;
  for (const std::string_view folder : {"manifests/", "chunks/"}) {
    const Result<ObjectPage> page = store_->list(folder, "", 1);
    if (!page.ok()) return named(page.error(), url_);
    if (page->objects.empty()) return false;
    const std::string_view key = page->objects.front().key;
    if (!is_digest(key.substr(key.rfind('/') + 1))) return false;
  }
  return true;
}

}  // namespace tradewind::data
