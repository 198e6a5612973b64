#include "edge/checkpoint/inventory.h"

namespace tradewind::checkpoint {

Inventory::Inventory(objectstore::ObjectStore& store, const std::string& job_prefix) : store_(store) {
  const Result<objectstore::ObjectPage> page = store.list(job_prefix + "chunks/", "");
  if (!page.ok() || page->more) return;
  known_ = true;
  for (const objectstore::ObjectInfo& object : page->objects) objects_.emplace(object.key, object);
}

Result<objectstore::ObjectInfo> Inventory::stat(const std::string& key) const {
  if (!known_) return store_.stat(key);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return Error{Code::not_found, key};
  return found->second;
}

}  // namespace tradewind::checkpoint
