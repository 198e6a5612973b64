// A store that takes no more of the network than it is allowed.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// So many bytes in a second, on average, of all stores that share it. Safe from several threads at once.
class ByteRate {
 public:
  // Waits so long; false: it was ended early.
  using Wait = std::function<bool(Duration)>;
  // How much may pass now, which may change; infinity: all; 0: nothing, until it changes. Called from several
  // threads, one at a time.
  using Limit = std::function<double()>;
  // REQUIRES: `clock` outlives this.
  ByteRate(double bytes_per_s, const Clock& clock, Wait wait);
  ByteRate(Limit limit, const Clock& clock, Wait wait);

  // Waits until the bytes before these have had their time. cancelled: the wait was ended early.
  Status pass(std::uint64_t bytes);

 private:
  void catch_up();

  const Limit limit_;  // called under mutex_
  const Clock& clock_;
  const Wait wait_;
  std::mutex mutex_;
  // All below is protected by mutex_.
  double seen_s_;           // on the clock's monotonic scale: up to then `allowed_` was counted
  double bytes_per_s_ = 0;  // what held then
  double allowed_ = 0;      // bytes that may have passed, from the first on
  double queued_ = 0;       // bytes that have passed or wait
};

// The bytes of puts and gets pass at the rate; what is only asked or listed is not counted.
class RateStore final : public ObjectStore {
 public:
  // REQUIRES: both outlive this.
  RateStore(ObjectStore& inner, ByteRate& rate) : inner_(inner), rate_(rate) {}

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override;
  Result<std::string> get(std::string_view key, ByteRange range = {}) override;
  Result<ObjectInfo> stat(std::string_view key) override { return inner_.stat(key); }
  Result<ObjectPage> list(std::string_view prefix, std::string_view after,
                          std::size_t limit = 1000) override {
    return inner_.list(prefix, after, limit);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return inner_.remove_if_older(key, limit);
  }
  // Nothing of it passes here.
  std::string copy_domain() const override { return inner_.copy_domain(); }
  std::optional<CopySource> copy_source(std::string_view key) override { return inner_.copy_source(key); }
  bool copy_within(const CopySource& source, std::string_view key) override {
    return inner_.copy_within(source, key);
  }

 private:
  ObjectStore& inner_;
  ByteRate& rate_;
};

}  // namespace tradewind::objectstore
