// Where a job's data comes from: the objects below a URL, or the one object that it names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::data {

struct SourceObject {
  std::string path;  // below the target; empty: the target is this one object
  std::string key;   // in the source's store
  std::uint64_t size_bytes = 0;
  Time modified_at;
  bool operator==(const SourceObject&) const = default;
};

class Source {
 public:
  // Of a URL as objectstore::open_store knows it. `helpers` outlive the source. Nothing is made or written
  // there. invalid_argument, not_found, unauthorized, unavailable: each names the URL.
  static Result<Source> open(const std::string& url, io::HelperProcesses* helpers = nullptr);
  // The same of a store that is open. REQUIRES: `store` outlives this.
  Source(objectstore::ObjectStore& store, std::string url) : store_(&store), url_(std::move(url)) {}

  const std::string& url() const { return url_; }
  objectstore::ObjectStore& store() const { return *store_; }

  // All of it, ascending by path. not_found: there is nothing. invalid_argument: a name that cannot be one of
  // a file, or two of which one would have to be a file and a folder; the name is told.
  Result<std::vector<SourceObject>> list() const;

  // Whether it is a store of checkpoints, which the checkpoint engine reads, rather than one of files.
  Result<bool> holds_checkpoints() const;

 private:
  std::unique_ptr<objectstore::ObjectStore> owned_;
  objectstore::ObjectStore* store_ = nullptr;
  std::string url_;
  std::string single_;  // the key, where the URL names one object
};

// "s3://b/a/c?x" is "c" below "s3://b/a?x". Both empty: there is no folder above.
struct SplitUrl {
  std::string parent;
  std::string name;
};
SplitUrl split_url(const std::string& url);

}  // namespace tradewind::data
