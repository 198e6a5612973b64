#include "edge/store/testing/store_conformance.h"

namespace tradewind::store {
namespace {

class MemorySubject final : public StoreSubject {
 public:
  explicit MemorySubject(const OwnerId& owner) : store_(make_memory_store(owner)) {}
  Store& store() override { return *store_; }
  bool reopen() override { return false; }

 private:
  std::unique_ptr<Store> store_;
};

StoreCase memory_case() {
  return {"memory", [](const OwnerId& owner) { return std::make_unique<MemorySubject>(owner); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values(memory_case()));

}  // namespace tradewind::store
