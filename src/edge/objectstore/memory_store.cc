#include "edge/objectstore/memory_store.h"

#include <chrono>
#include <map>
#include <mutex>

namespace tradewind::objectstore {
namespace {

struct Object {
  std::shared_ptr<const std::string> bytes;  // shared, so that a reader copies outside the lock
  Time modified_at;
};

Error missing(std::string_view key) {
  return {Code::not_found, "memory: holds no object '" + std::string(key) + "'"};
}

class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(const Clock* clock) : clock_(clock) {}

  std::string url() const override { return "memory:"; }

  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    TW_RETURN_IF_ERROR(check_key(key));
    Object object{std::make_shared<const std::string>(bytes), now()};
    const std::lock_guard lock(mutex_);
    const auto [place, fresh] = objects_.try_emplace(std::string(key), object);
    if (fresh) return {};
    if (condition == PutCondition::if_absent) {
      return Error{Code::conflict, "memory: object '" + std::string(key) + "' exists"};
    }
    place->second = std::move(object);
    return {};
  }

  Result<std::string> get(std::string_view key, ByteRange range) override {
    TW_RETURN_IF_ERROR(check_key(key));
    std::shared_ptr<const std::string> bytes;
    {
      const std::lock_guard lock(mutex_);
      const auto found = objects_.find(key);
      if (found == objects_.end()) return missing(key);
      bytes = found->second.bytes;
    }
    if (range.offset >= bytes->size()) return std::string();
    return bytes->substr(range.offset, range.length.value_or(std::string::npos));
  }

  Result<ObjectInfo> stat(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return missing(key);
    return info(*found);
  }

  Result<ObjectPage> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    ObjectPage page;
    const std::lock_guard lock(mutex_);
    auto next = after < prefix ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
    for (; next != objects_.end() && next->first.starts_with(prefix); ++next) {
      if (page.objects.size() == limit) {
        page.more = true;
        break;
      }
      page.objects.push_back(info(*next));
    }
    return page;
  }

  Status remove(std::string_view key) override {
    TW_RETURN_IF_ERROR(check_key(key));
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found != objects_.end()) objects_.erase(found);
    return {};
  }

  Status remove_if_older(std::string_view key, Time limit) override {
    TW_RETURN_IF_ERROR(check_key(key));
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return {};
    if (found->second.modified_at >= limit) return is_younger(key);
    objects_.erase(found);
    return {};
  }

 private:
  using Objects = std::map<std::string, Object, std::less<>>;

  static ObjectInfo info(const Objects::value_type& entry) {
    return {entry.first, entry.second.bytes->size(), entry.second.modified_at};
  }
  Time now() const {
    if (clock_ != nullptr) return clock_->now();
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }

  const Clock* clock_;
  std::mutex mutex_;
  Objects objects_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store(const Clock* clock) {
  return std::make_unique<MemoryStore>(clock);
}

}  // namespace tradewind::objectstore
