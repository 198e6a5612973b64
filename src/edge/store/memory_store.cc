// The control plane's state in memory: for the simulator and for tests. Nothing survives its end.
#include "edge/store/store.h"

namespace tradewind::store {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(OwnerId owner) { state_.owner = std::move(owner); }

  Result<ClusterState> snapshot() override { return state_; }

  Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) override {
    if (version != state_.version) {
      return Error{
          Code::conflict,
          "the state is at version " + std::to_string(state_.version) + ", not " + std::to_string(version),
          "take a new snapshot"};
    }
    ++state_.version;
    for (const Event& event : events) {
      apply(state_, event);
      history_.push_back(
          {history_.size() + 1, state_.version, event.at, event.kind, subject_of(event), event.detail});
    }
    return state_.version;
  }

  Result<std::vector<HistoryEntry>> history(const HistoryQuery& query) override {
    std::vector<HistoryEntry> found;
    for (std::size_t i = query.after_sequence; i < history_.size() && found.size() < query.limit; ++i) {
      if (query.subject.empty() || history_[i].subject == query.subject) found.push_back(history_[i]);
    }
    return found;
  }

 private:
  ClusterState state_;
  std::vector<HistoryEntry> history_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store(OwnerId owner) {
  return std::make_unique<MemoryStore>(std::move(owner));
}

}  // namespace tradewind::store
