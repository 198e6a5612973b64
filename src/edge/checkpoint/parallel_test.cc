#include "edge/checkpoint/parallel.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace tradewind::checkpoint {
namespace {

std::uint64_t one_byte(std::size_t) {
  return 1;
}

TEST(Parallel, EachRoundRunsOnce) {
  std::mutex mutex;
  std::multiset<std::size_t> rounds;
  ASSERT_TRUE(for_each_parallel(100, one_byte, [&](std::size_t index) {
                const std::lock_guard lock(mutex);
                rounds.insert(index);
                return Status();
              }).ok());
  EXPECT_EQ(rounds.size(), 100U);
  EXPECT_EQ(std::set<std::size_t>(rounds.begin(), rounds.end()).size(), 100U);
}

TEST(Parallel, InOrderRunsOnTheCallersThreadOneAfterTheOther) {
  std::vector<std::size_t> rounds;
  const std::thread::id here = std::this_thread::get_id();
  const auto note = [&](std::size_t index) -> Status {
    EXPECT_EQ(std::this_thread::get_id(), here);
    rounds.push_back(index);
    if (index == 20) return Error{Code::unavailable, "enough"};
    return {};
  };
  {
    const InOrder in_order;
    EXPECT_EQ(for_each_parallel(100, one_byte, note).error().code, Code::unavailable);
  }
  ASSERT_EQ(rounds.size(), 21U);
  EXPECT_TRUE(std::ranges::is_sorted(rounds));
}

TEST(Parallel, InOrderEndsWithItsScope) {
  { const InOrder in_order; }
  std::mutex mutex;
  std::set<std::thread::id> threads;
  ASSERT_TRUE(for_each_parallel(64, one_byte, [&](std::size_t) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                const std::lock_guard lock(mutex);
                threads.insert(std::this_thread::get_id());
                return Status();
              }).ok());
  EXPECT_GT(threads.size(), 1U);
}

}  // namespace
}  // namespace tradewind::checkpoint
