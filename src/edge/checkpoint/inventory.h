// What a store has of chunks, as it was when it was asked.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::checkpoint {

// The chunks of a store, where one page tells of all of them: then none needs to be asked for. Constant after
// its construction, so safe from several threads at once.
class Inventory {
 public:
  Inventory(objectstore::ObjectStore& store, const std::string& job_prefix);

  // From the page, else from the store itself. not_found.
  Result<objectstore::ObjectInfo> stat(const std::string& key) const;

 private:
  objectstore::ObjectStore& store_;
  bool known_ = false;
  std::map<std::string, objectstore::ObjectInfo> objects_;
};

}  // namespace tradewind::checkpoint
