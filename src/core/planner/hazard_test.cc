#include "core/planner/hazard.h"

#include <cmath>
#include <gtest/gtest.h>

#include "core/planner/supplier_facts.h"

namespace tradewind::planner {
namespace {

Offer offer_of(Purchase purchase) {
  Offer offer;
  offer.location = {"aws", "us-east-1"};
  offer.purchase = purchase;
  return offer;
}

TEST(Hazard, ReadsTheFiveBandsAsAwsWritesThem) {
  EXPECT_EQ(interruption_band_from_text("<5%"), InterruptionBand::under_5);
  EXPECT_EQ(interruption_band_from_text("15-20%"), InterruptionBand::from_15_to_20);
  EXPECT_EQ(interruption_band_from_text(">20%"), InterruptionBand::over_20);
  EXPECT_EQ(interruption_band_from_text("20%"), std::nullopt);
}

TEST(Hazard, OfABandGivesBackItsMonthlyShare) {
  const auto share_in_a_month = [](InterruptionBand band) {
    return 1 - std::exp(-hazard_per_hour(band) * hours_per_month);
  };
  EXPECT_NEAR(share_in_a_month(InterruptionBand::under_5), 0.025, 1e-12);
  EXPECT_NEAR(share_in_a_month(InterruptionBand::from_5_to_10), 0.075, 1e-12);
  EXPECT_NEAR(share_in_a_month(InterruptionBand::over_20), 0.25, 1e-12);
}

TEST(Hazard, OfSpotIsFarAboveThatOfOtherMachines) {
  EXPECT_NEAR(prior_hazard(offer_of(Purchase::spot)).per_hour, 0.246, 0.001);
  EXPECT_NEAR(prior_hazard(offer_of(Purchase::on_demand)).per_hour, 1.58e-4, 1e-6);
  EXPECT_EQ(prior_hazard(offer_of(Purchase::reserved_1y)), prior_hazard(offer_of(Purchase::on_demand)));
}

TEST(SupplierPrior, GivesNoticeOnlyWhereTheSupplierPromisesIt) {
  EXPECT_EQ(supplier_prior("aws").notice_lead, std::chrono::seconds(120));
  EXPECT_EQ(supplier_prior("gcp").notice_lead, std::chrono::seconds(30));
  EXPECT_EQ(supplier_prior("somebody").notice_lead, std::chrono::seconds(0));
  EXPECT_LT(supplier_prior("local").cold_start, supplier_prior("somebody").cold_start);
}

}  // namespace
}  // namespace tradewind::planner
