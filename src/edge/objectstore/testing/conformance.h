// What every object store must do. A store's own test names its case:
//   INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreConformance, testing::Values(conformance_case(…)));
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>

#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// A further connection to one and the same store. Holds what the store stands on until it is gone.
using Connect = std::function<std::shared_ptr<ObjectStore>()>;

struct ConformanceCase {
  std::string name;
  std::function<Connect()> make_empty;  // a fresh store
  bool across_processes = false;        // a forked child may connect too
  bool server_copies = false;           // from one key to another, without the bytes coming here
};
ConformanceCase conformance_case(std::string name, std::function<Connect()> make_empty,
                                 bool across_processes);
// The same of a store whose server copies.
ConformanceCase copying_case(std::string name, std::function<Connect()> make_empty, bool across_processes);
std::ostream& operator<<(std::ostream& out, const ConformanceCase& subject);

class ObjectStoreConformance : public testing::TestWithParam<ConformanceCase> {
 protected:
  void SetUp() override;
  // Puts with `always` and expects success.
  void put(std::string_view key, std::string_view bytes);
  // Keys of all pages of `limit` objects.
  std::vector<std::string> keys(std::string_view prefix, std::string_view after = "",
                                std::size_t limit = 1000);

  Connect connect_;
  std::shared_ptr<ObjectStore> store_;
};

}  // namespace tradewind::objectstore
