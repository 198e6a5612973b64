// A store as those see it who have one encrypted job's data key. Format: docs/formats/sealed.md.
#pragma once

#include <string>

#include "edge/objectstore/prefix_store.h"
#include "edge/sealing/key_object.h"
#include "edge/sealing/sealed_store.h"

namespace tradewind::sealing {

// What lies below the job's prefix is sealed, ledger and mailbox too; all else is as the store beneath has
// it. A list that begins above the job's prefix is invalid_argument: it would tell sealed names.
class JobStore final : public objectstore::ObjectStore {
 public:
  // `job_prefix` ends in '/'. REQUIRES: `inner` outlives this.
  JobStore(objectstore::ObjectStore& inner, std::string job_prefix, const DataKey& key);

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition condition) override;
  Result<std::string> get(std::string_view key, objectstore::ByteRange range = {}) override;
  Result<objectstore::ObjectInfo> stat(std::string_view key) override;
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit = 1000) override;
  Status remove(std::string_view key) override;
  Status remove_if_older(std::string_view key, Time limit) override;

 private:
  bool is_of_job(std::string_view key) const { return key.starts_with(job_prefix_); }
  std::string_view in_job(std::string_view key) const { return key.substr(job_prefix_.size()); }

  objectstore::ObjectStore& inner_;
  const std::string job_prefix_;
  objectstore::PrefixStore beneath_;
  SealedStore sealed_;
};

}  // namespace tradewind::sealing
