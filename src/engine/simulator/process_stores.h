// Stores as one process sees them: with defects, or with a hook at each commit.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "edge/objectstore/object_store.h"
#include "edge/store/store.h"
#include "engine/simulator/faults.h"

namespace tradewind::simulator {

// A store in which create-if-absent overwrites: the defect that a ledger cannot stand on.
class OverwritingStore final : public objectstore::ObjectStore {
 public:
  explicit OverwritingStore(objectstore::ObjectStore& inner) : inner_(inner) {}
  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, objectstore::PutCondition) override {
    return inner_.put(key, bytes, objectstore::PutCondition::always);
  }
  Result<std::string> get(std::string_view key, objectstore::ByteRange range) override {
    return inner_.get(key, range);
  }
  Result<objectstore::ObjectInfo> stat(std::string_view key) override { return inner_.stat(key); }
  Result<objectstore::ObjectPage> list(std::string_view prefix, std::string_view after,
                                       std::size_t limit) override {
    return inner_.list(prefix, after, limit);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }
  Status remove_if_older(std::string_view key, Time limit) override {
    return inner_.remove_if_older(key, limit);
  }

 private:
  objectstore::ObjectStore& inner_;
};

// The control plane's store as its process sees it: a commit can be lost before or after it was made.
class CommitHook final : public store::Store {
 public:
  using Before = std::function<Fault(const std::vector<Event>&)>;
  using Seen = std::function<void(const std::vector<Event>&, Fault)>;
  using Made = std::function<void(const std::vector<Event>&)>;
  CommitHook(store::Store& inner, Before before, Seen seen, Made made)
      : inner_(inner), before_(std::move(before)), seen_(std::move(seen)), made_(std::move(made)) {}
  Result<ClusterState> snapshot() override { return inner_.snapshot(); }
  Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) override {
    return inner_.history(query);
  }
  Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) override {
    const Fault fault = before_(events);
    seen_(events, fault);
    if (fault == Fault::crash_before || fault == Fault::lost_request) {
      return Error{Code::unavailable, "the disk did not answer"};
    }
    Result<std::uint64_t> committed = inner_.commit(version, events);
    if (committed.ok()) made_(events);
    if (fault != Fault::none) return Error{Code::unavailable, "the disk did not answer in time"};
    return committed;
  }

 private:
  store::Store& inner_;
  Before before_;
  Seen seen_;
  Made made_;
};

}  // namespace tradewind::simulator
