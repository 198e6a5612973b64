#include "edge/sealing/job_store.h"

#include <utility>

namespace tradewind::sealing {

using objectstore::ByteRange;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::PutCondition;

JobStore::JobStore(objectstore::ObjectStore& inner, std::string job_prefix, const DataKey& key)
    : inner_(inner),
      job_prefix_(std::move(job_prefix)),
      beneath_(inner, job_prefix_),
      sealed_(beneath_, key) {}

Status JobStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  if (!is_of_job(key)) return inner_.put(key, bytes, condition);
  return sealed_.put(in_job(key), bytes, condition);
}

Result<std::string> JobStore::get(std::string_view key, ByteRange range) {
  if (!is_of_job(key)) return inner_.get(key, range);
  return sealed_.get(in_job(key), range);
}

Result<ObjectInfo> JobStore::stat(std::string_view key) {
  if (!is_of_job(key)) return inner_.stat(key);
  TW_ASSIGN_OR_RETURN(ObjectInfo info, sealed_.stat(in_job(key)));
  info.key = key;
  return info;
}

Result<ObjectPage> JobStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  if (!is_of_job(prefix)) {
    if (!std::string_view(job_prefix_).starts_with(prefix)) return inner_.list(prefix, after, limit);
    return Error{Code::invalid_argument,
                 "what lies under '" + std::string(prefix) + "' cannot be listed: a part of it is sealed",
                 "list under " + job_prefix_};
  }
  if (after > prefix && !after.starts_with(prefix)) return ObjectPage{};
  const std::string_view from = is_of_job(after) ? in_job(after) : "";
  TW_ASSIGN_OR_RETURN(ObjectPage page, sealed_.list(in_job(prefix), from, limit));
  for (ObjectInfo& object : page.objects) object.key.insert(0, job_prefix_);
  return page;
}

Status JobStore::remove(std::string_view key) {
  if (!is_of_job(key)) return inner_.remove(key);
  return sealed_.remove(in_job(key));
}

Status JobStore::remove_if_older(std::string_view key, Time limit) {
  if (!is_of_job(key)) return inner_.remove_if_older(key, limit);
  return sealed_.remove_if_older(in_job(key), limit);
}

}  // namespace tradewind::sealing
