// An object store seen from one process: each call passes a hook that may lose it or its reply.
#pragma once

#include <functional>
#include <string>

#include "edge/objectstore/object_store.h"
#include "engine/simulator/faults.h"

namespace tradewind::simulator {

class HookedStore final : public objectstore::ObjectStore {
 public:
  using Hook = std::function<Fault()>;
  using Later = std::function<void(std::function<void()>)>;
  // REQUIRES: `inner` outlives everything handed to `later`, which plans a put that arrives late.
  HookedStore(
      objectstore::ObjectStore& inner, Hook hook, Later later = [](const std::function<void()>&) {})
      : inner_(inner), hook_(std::move(hook)), later_(std::move(later)) {}

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition condition) override {
    const Fault fault = hook_();
    if (fault == Fault::none) return inner_.put(key, bytes, condition);
    if (fault == Fault::crash_after || fault == Fault::lost_reply) (void)inner_.put(key, bytes, condition);
    if (fault == Fault::late_request) {
      later_([&inner = inner_, key = std::string(key), bytes = std::string(bytes), condition] {
        (void)inner.put(key, bytes, condition);
      });
    }
    return no_answer();
  }
  Result<std::string> get(std::string_view key, objectstore::ByteRange range) override {
    return through<Result<std::string>>([&] { return inner_.get(key, range); });
  }
  Result<objectstore::ObjectInfo> stat(std::string_view key) override {
    return through<Result<objectstore::ObjectInfo>>([&] { return inner_.stat(key); });
  }
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit) override {
    return through<Result<objectstore::ObjectPage>>([&] { return inner_.list(prefix, after, limit); });
  }
  Status remove(std::string_view key) override {
    return through<Status>([&] { return inner_.remove(key); });
  }
  Status remove_if_older(std::string_view key, Time limit) override {
    return through<Status>([&] { return inner_.remove_if_older(key, limit); });
  }

 private:
  template <class T, class F>
  T through(F&& call) {
    const Fault fault = hook_();
    if (fault == Fault::none) return call();
    if (fault == Fault::crash_after || fault == Fault::lost_reply) (void)call();
    return no_answer();
  }
  static Error no_answer() { return {Code::unavailable, "the object store did not answer"}; }
  objectstore::ObjectStore& inner_;
  Hook hook_;
  Later later_;
};

}  // namespace tradewind::simulator
