// Pages of a container's objects. The server continues a list where its own marker says, and cannot begin one
// after a key. So markers of pages that were given are remembered; where there is none, a few objects are
// found folder by folder, and for many all that stands before them is passed over.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "edge/objectstore/azblob_client.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// Safe from several threads at once.
class AzblobLister {
 public:
  // REQUIRES: `client` outlives this.
  explicit AzblobLister(AzblobClient& client);

  // As ObjectStore::list. invalid_argument also where the server lists in another order than that of bytes.
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit);

 private:
  struct Place {  // the list of `prefix` continues behind `key` at `marker`
    std::string prefix;
    std::string key;
    std::string marker;
  };
  Result<ObjectPage> walk(const std::string& prefix, std::string_view after, std::string marker,
                          std::size_t wanted);
  Result<ObjectPage> hop(std::string_view prefix, std::string_view after, std::size_t wanted);
  Status take_behind(const AzblobList& level, std::string_view after, std::size_t wanted,
                     std::vector<ObjectInfo>& found);
  Result<AzblobList> level_of(const std::string& prefix);
  Result<AzblobList> ask(const std::string& prefix, const std::string& marker, std::size_t count,
                         bool one_level);
  Error out_of_order(const std::string& last, const std::string& name) const;
  std::string marker_of(std::string_view prefix, std::string_view key);
  void remember(Place place);

  AzblobClient& client_;
  const std::string folder_;  // what all names begin with: "" or "a/b/"
  std::mutex mutex_;
  std::deque<Place> places_;  // protected by mutex_; the latest first
};

}  // namespace tradewind::objectstore
