#include "core/billing/receipt.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "core/billing/testing/story.h"

namespace tradewind::billing {
namespace {

TEST(Receipt, HasARowPerLeaseInOrderAndTheirSum) {
  const Receipt receipt = make_receipt(story());
  ASSERT_EQ(receipt.rows.size(), 4u);
  const char* leases[] = {"l-1", "l-2", "l-3", "l-4"};
  const char* costs[] = {"1.50", "0.994444444", "3.10", "0.00"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(receipt.rows[i].lease.text(), leases[i]);
    EXPECT_EQ(receipt.rows[i].cost.decimal(), costs[i]);
  }
  EXPECT_EQ(receipt.rows[0].ended_by, LeaseEnd::lost);
  EXPECT_EQ(receipt.rows[0].duration, Duration(1'800'000));
  EXPECT_EQ(receipt.rows[0].running, Duration(26 * 60'000));
  EXPECT_EQ(receipt.rows[3].start, std::nullopt);
  EXPECT_EQ(receipt.total, usd("5.594444444"));
  EXPECT_EQ(receipt.charges.size(), 3u);
  EXPECT_EQ(receipt.bytes_moved, 3'000'000'000u);
  EXPECT_EQ(receipt.bytes_reused, 1'500'000'000u);
  EXPECT_EQ(receipt.bytes_saved, 5'000'000'000u);
}

TEST(Receipt, TellsOfEachInterruptionItsDowntimeAndTheWorkDoneAgain) {
  const Receipt receipt = make_receipt(story());
  ASSERT_EQ(receipt.interruptions.size(), 2u);
  const Interruption& loss = receipt.interruptions[0];
  EXPECT_EQ(loss.cause, LeaseEnd::lost);
  EXPECT_EQ(loss.stopped_at, clock_at("10:30:00"));  // its program told nobody: the end of its place counts
  EXPECT_EQ(loss.downtime, Duration(60'000));
  EXPECT_EQ(loss.steps_redone, 30);
  EXPECT_EQ(loss.time_redone, Duration(6 * 60'000));  // 30 of 130 steps in 26 minutes
  const Interruption& move = receipt.interruptions[1];
  EXPECT_EQ(move.cause, LeaseEnd::moved);
  EXPECT_EQ(move.downtime, Duration(11'000));
  EXPECT_EQ(move.steps_redone, 0);
  EXPECT_EQ(receipt.downtime, Duration(71'000));
  EXPECT_EQ(receipt.steps_redone, 30);
}

TEST(Receipt, ComparesWithTheCheapestAlikeMachineOnDemandForTheUsefulTimeAlone) {
  const Receipt receipt = make_receipt(story());
  const Duration useful = Duration(26 * 60'000) + Duration(28 * 60'000 + 30'000) +
                          Duration(29 * 60'000 + 20'000) - Duration(6 * 60'000);
  EXPECT_EQ(receipt.useful, useful);
  EXPECT_EQ(receipt.on_demand_offer, "cloud/region-9:gpu.1x:on_demand");
  EXPECT_EQ(receipt.on_demand_cost, cost_of(usd("5"), useful));
  ReceiptInput input = story();
  input.offers.clear();
  EXPECT_EQ(make_receipt(input).on_demand_cost, std::nullopt);
}

TEST(Receipt, CarriesTheProof) {
  EXPECT_TRUE(make_receipt(story()).proof.proven());
  ReceiptInput input = story();
  input.ledger[4].epoch = 1;
  EXPECT_FALSE(make_receipt(input).proof.proven());
}

TEST(Receipt, OfAJobThatNeverStartedIsEmptyAndFree) {
  ReceiptInput input;
  input.job.id = JobId("j-1");
  const Receipt receipt = make_receipt(input);
  EXPECT_EQ(receipt.total, Money());
  EXPECT_TRUE(receipt.rows.empty());
  EXPECT_EQ(receipt.on_demand_cost, std::nullopt);
}

TEST(Receipt, OfARunningJobGrows) {
  ReceiptInput input = story();
  input.leases.resize(1);  // l-3
  input.leases[0].ended_at = std::nullopt;
  input.now = clock_at("11:59:00");
  EXPECT_EQ(make_receipt(input).total, usd("6"));
  EXPECT_TRUE(make_receipt(input).charges[0].is_running);
}

TEST(Receipt, HasTheJsonFormOfTheGoldenFile) {
  const std::string path = TRADEWIND_SOURCE_DIR "/src/core/billing/golden/receipt.json";
  const std::string found = to_pretty(to_json(make_receipt(story())));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << found;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(found, golden.str());
}

}  // namespace
}  // namespace tradewind::billing
