// The part of a store whose keys begin with a prefix, as a store of its own.
#pragma once

#include <string>

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// "a/b" here is "<prefix>a/b" there. Keys are checked with the prefix before them.
class PrefixStore final : public ObjectStore {
 public:
  // `prefix`: empty, or it ends in '/'. REQUIRES: `inner` outlives this.
  PrefixStore(ObjectStore& inner, std::string prefix) : inner_(inner), prefix_(std::move(prefix)) {}

  // Of the whole store.
  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override;
  Result<std::string> get(std::string_view key, ByteRange range = {}) override;
  Result<ObjectInfo> stat(std::string_view key) override;
  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit = 1000) override;
  Status remove(std::string_view key) override;
  Status remove_if_older(std::string_view key, Time limit) override;

 private:
  std::string beneath(std::string_view key) const { return prefix_ + std::string(key); }

  ObjectStore& inner_;
  const std::string prefix_;
};

}  // namespace tradewind::objectstore
