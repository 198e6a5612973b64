// Pages of a container's objects. The server continues a list where its own marker says, and cannot begin one
// after a key: markers of pages that were given are remembered, and what stands before a key is passed over
// otherwise.
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
  explicit AzblobLister(AzblobClient& client) : client_(client) {}

  // As ObjectStore::list. invalid_argument also where the server lists in another order than that of bytes.
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit);

 private:
  struct Place {  // the list of `prefix` continues behind `key` at `marker`
    std::string prefix;
    std::string key;
    std::string marker;
  };
  Result<AzblobList> ask(const std::string& prefix, const std::string& marker, std::size_t count);
  std::string marker_of(std::string_view prefix, std::string_view key);
  void remember(Place place);

  AzblobClient& client_;
  std::mutex mutex_;
  std::deque<Place> places_;  // protected by mutex_; the latest first
};

}  // namespace tradewind::objectstore
