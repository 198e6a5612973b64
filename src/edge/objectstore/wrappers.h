// Stores that wrap another store.
#pragma once

#include <functional>
#include <string_view>

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

enum class Operation { put, get, stat, list, remove };

// Passes each call on, with a hook before and after it that may fail it: lost requests, lost replies, crashes
// between two steps, or another writer that acts exactly there.
class FaultStore final : public ObjectStore {
 public:
  enum class Moment {
    before,  // an error here: the call never reached the store
    after,   // an error here: the store acted, its reply was lost
  };
  struct Call {
    Moment moment;
    Operation operation;
    std::string_view key;  // of a list: its prefix
  };
  // Called from whichever thread calls the store. After a call that failed it is not asked again.
  using Hook = std::function<Status(const Call&)>;
  // REQUIRES: `inner` outlives this.
  FaultStore(ObjectStore& inner, Hook hook);

  std::string url() const override;
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override;
  Result<std::string> get(std::string_view key, ByteRange range = {}) override;
  Result<ObjectInfo> stat(std::string_view key) override;
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit = 1000) override;
  Status remove(std::string_view key) override;
  Status remove_if_older(std::string_view key, Time limit) override;  // its operation is remove
  std::string copy_domain() const override;
  std::optional<CopySource> copy_source(std::string_view key) override;       // its operation is stat
  bool copy_within(const CopySource& source, std::string_view key) override;  // its operation is put

 private:
  ObjectStore& inner_;
  Hook hook_;
};

}  // namespace tradewind::objectstore
