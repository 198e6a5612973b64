// What every store of the control plane must do. A store's own test names its case:
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values(…));
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "edge/store/store.h"

namespace tradewind::store {

// A store under test and what it stands on, gone when this is.
class StoreSubject {
 public:
  virtual ~StoreSubject() = default;
  virtual Store& store() = 0;
  // Closes and opens again. False: this store lives no longer than its object.
  virtual bool reopen() = 0;
};

struct StoreCase {
  std::string name;
  std::function<std::unique_ptr<StoreSubject>(const OwnerId&)> make;  // an empty store of that owner
};
std::ostream& operator<<(std::ostream& out, const StoreCase& subject);

class StoreConformance : public testing::TestWithParam<StoreCase> {
 protected:
  void SetUp() override;
  Store& store() { return subject_->store(); }
  // Commits on the newest version and returns the new one; fails the test on an error.
  std::uint64_t commit(const std::vector<Event>& events);
  ClusterState snapshot();
  std::vector<HistoryEntry> history(const HistoryQuery& query);

  std::unique_ptr<StoreSubject> subject_;
};

// Records with every member set, different for different numbers.
Event job_event(int number, const std::string& id);
Event lease_event(int number, const std::string& id);
Event move_event(int number, const std::string& id);

}  // namespace tradewind::store
