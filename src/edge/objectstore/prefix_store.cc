#include "edge/objectstore/prefix_store.h"

namespace tradewind::objectstore {

Status PrefixStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.put(beneath(key), bytes, condition);
}

Result<std::string> PrefixStore::get(std::string_view key, ByteRange range) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.get(beneath(key), range);
}

Result<ObjectInfo> PrefixStore::stat(std::string_view key) {
  TW_RETURN_IF_ERROR(check_key(key));
  TW_ASSIGN_OR_RETURN(ObjectInfo info, inner_.stat(beneath(key)));
  info.key = key;
  return info;
}

Result<ObjectPage> PrefixStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  const std::string from = after.empty() ? "" : beneath(after);
  TW_ASSIGN_OR_RETURN(ObjectPage page, inner_.list(beneath(prefix), from, limit));
  for (ObjectInfo& object : page.objects) object.key.erase(0, prefix_.size());
  return page;
}

Status PrefixStore::remove(std::string_view key) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.remove(beneath(key));
}

Status PrefixStore::remove_if_older(std::string_view key, Time limit) {
  TW_RETURN_IF_ERROR(check_key(key));
  return inner_.remove_if_older(beneath(key), limit);
}

}  // namespace tradewind::objectstore
