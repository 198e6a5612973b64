#include "core/catalog/query.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/catalog/summary.h"

namespace tradewind::catalog {
namespace {

constexpr std::string_view offers_csv =
    "provider,region,zone,instance_type,purchase,usd_per_hour,accelerator,count,accelerator_gib,vcpus,memory_"
    "gib,"
    "observed_on,source\n"
    "aws,us-east-1,,p5.48xlarge,on_demand,55.04,H100,8,80,192,2048,2026-07-20,s\n"
    "aws,us-east-1,use1-az2,p5.48xlarge,spot,19.2531,H100,8,80,192,2048,2026-07-20,s\n"
    "aws,eu-north-1,,p5.4xlarge,on_demand,6.88,H100,1,80,16,256,2026-07-20,s\n"
    "lambda,any,,gpu_1x_h100_pcie,on_demand,3.29,H100,1,80,26,200,2026-08-01,s\n"
    "runpod,any,,H100_SXM,spot,1.75,H100,1,80,,,2026-06-30,s\n"
    "aws,us-east-1,,p4d.24xlarge,on_demand,21.957642,A100,8,40,96,1152,2026-07-20,s\n"
    "aws,us-east-1,,p4d.24xlarge,reserved_1y,14,A100,8,40,96,1152,2026-07-20,s\n"
    "aws,us-east-1,,m7i.large,on_demand,0.1008,,,,2,8,2026-07-20,s\n"
    "gcp,us-central1,,n2-standard-4,on_demand,0.194236,,,,4,16,2026-07-16,s\n";

const Catalog& catalog() {
  static const Catalog loaded = [] {
    const OfferText text{"q.csv", offers_csv};
    return load_catalog({&text, 1}).catalog;
  }();
  return loaded;
}

using Keys = std::vector<std::string>;

Keys keys_of(const OfferFilter& filter, OfferOrder order = OfferOrder::price, std::size_t limit = 0) {
  Keys keys;
  for (const Offer* offer : select_offers(catalog(), filter, order, limit)) keys.push_back(offer_key(*offer));
  return keys;
}

TEST(SelectOffers, without_a_filter_gives_all_cheapest_first) {
  const Keys keys = keys_of({});
  ASSERT_EQ(keys.size(), 9U);
  EXPECT_EQ(keys.front(), "aws/us-east-1:m7i.large:on_demand");
  EXPECT_EQ(keys.back(), "aws/us-east-1:p5.48xlarge:on_demand");
  EXPECT_EQ(keys_of({}, OfferOrder::price, 2), (Keys{keys[0], keys[1]}));
}

TEST(SelectOffers, by_accelerator_and_count) {
  OfferFilter filter;
  filter.accelerator = *read_accelerator("h100");
  EXPECT_EQ(keys_of(filter, OfferOrder::price_per_accelerator),
            (Keys{"runpod/any:H100_SXM:spot", "aws/us-east-1/use1-az2:p5.48xlarge:spot",
                  "lambda/any:gpu_1x_h100_pcie:on_demand", "aws/eu-north-1:p5.4xlarge:on_demand",
                  "aws/us-east-1:p5.48xlarge:on_demand"}));
  filter.accelerator_count = AmountRequest{8, false};
  EXPECT_EQ(keys_of(filter).size(), 2U);
  filter.accelerator_count = AmountRequest{1, true};
  EXPECT_EQ(keys_of(filter).size(), 5U);
  filter.accelerator_count = AmountRequest{9, true};
  EXPECT_EQ(keys_of(filter), Keys{});
}

TEST(SelectOffers, by_place_purchase_size_price_and_words) {
  OfferFilter place;
  place.infra = {*parse_location("gcp"), *parse_location("aws/eu-north-1")};
  EXPECT_EQ(keys_of(place),
            (Keys{"gcp/us-central1:n2-standard-4:on_demand", "aws/eu-north-1:p5.4xlarge:on_demand"}));
  OfferFilter zone;
  zone.infra = {*parse_location("aws/us-east-1/use1-az2")};
  EXPECT_EQ(keys_of(zone), Keys{"aws/us-east-1/use1-az2:p5.48xlarge:spot"});
  OfferFilter purchase;
  purchase.purchases = {Purchase::reserved_1y, Purchase::spot};
  EXPECT_EQ(keys_of(purchase).size(), 3U);
  OfferFilter plain;
  plain.no_accelerator = true;
  plain.vcpus_min = 4;
  plain.memory_gib_min = 16;
  EXPECT_EQ(keys_of(plain), Keys{"gcp/us-central1:n2-standard-4:on_demand"});
  OfferFilter sized;  // RunPod's vCPUs are unknown: it does not pass
  sized.accelerator = *read_accelerator("H100");
  sized.vcpus_min = 1;
  EXPECT_EQ(keys_of(sized).size(), 4U);
  OfferFilter price;
  price.price_per_hour_max = *Money::parse("0.1008");
  EXPECT_EQ(keys_of(price), Keys{"aws/us-east-1:m7i.large:on_demand"});
  OfferFilter words;
  words.text = "US-East h100  spot";
  EXPECT_EQ(keys_of(words), Keys{"aws/us-east-1/use1-az2:p5.48xlarge:spot"});
  OfferFilter type;
  type.instance_type = "p4d.24xlarge";
  EXPECT_EQ(keys_of(type).size(), 2U);
}

TEST(SelectOffers, in_other_orders) {
  EXPECT_EQ(keys_of({}, OfferOrder::price_per_vcpu, 1), Keys{"gcp/us-central1:n2-standard-4:on_demand"});
  EXPECT_EQ(keys_of({}, OfferOrder::newest, 1), Keys{"lambda/any:gpu_1x_h100_pcie:on_demand"});
  EXPECT_EQ(keys_of({}, OfferOrder::provider).back(), "runpod/any:H100_SXM:spot");
  const Keys by_accelerator = keys_of({}, OfferOrder::accelerator);
  EXPECT_EQ(by_accelerator.front(), "aws/us-east-1:p4d.24xlarge:reserved_1y");
  EXPECT_EQ(by_accelerator.back(), "gcp/us-central1:n2-standard-4:on_demand");
  // Those without an accelerator or vCPUs come last when these are the measure.
  EXPECT_EQ(keys_of({}, OfferOrder::price_per_accelerator).back(), "gcp/us-central1:n2-standard-4:on_demand");
  EXPECT_EQ(keys_of({}, OfferOrder::price_per_vcpu).back(), "runpod/any:H100_SXM:spot");
}

TEST(SelectOffers, agrees_with_accepts) {
  OfferFilter filter;
  filter.text = "a100";
  std::size_t accepted = 0;
  for (const Offer& offer : catalog().offers()) accepted += accepts(filter, offer) ? 1 : 0;
  EXPECT_EQ(accepted, keys_of(filter).size());
  EXPECT_EQ(accepted, 2U);
}

TEST(OfferNames, of_orders_and_groupings_read_back) {
  for (const OfferOrder order :
       {OfferOrder::price, OfferOrder::price_per_accelerator, OfferOrder::price_per_vcpu,
        OfferOrder::provider, OfferOrder::accelerator, OfferOrder::newest}) {
    EXPECT_EQ(offer_order_from_text(to_text(order)), order);
  }
  EXPECT_EQ(offer_order_from_text("colour"), std::nullopt);
  EXPECT_EQ(offer_grouping_from_text("region"), OfferGrouping::region);
  EXPECT_EQ(offer_grouping_from_text("colour"), std::nullopt);
}

TEST(GroupOffers, names_groups_and_their_cheapest_offer) {
  const std::vector<const Offer*> all = select_offers(catalog(), {}, OfferOrder::price);
  const std::vector<OfferGroup> groups = group_offers(all, OfferGrouping::accelerator);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].name, "none");
  EXPECT_EQ(groups[1].name, "H100 80 GiB");
  EXPECT_EQ(offer_key(*groups[1].cheapest), "runpod/any:H100_SXM:spot");
  EXPECT_EQ(groups[2].name, "A100 40 GiB");
  EXPECT_EQ(groups[2].offers.size(), 2U);
  EXPECT_EQ(group_offers(all, OfferGrouping::region).size(), 5U);
  EXPECT_EQ(group_offers(all, OfferGrouping::purchase).size(), 3U);
  EXPECT_EQ(group_offers({}, OfferGrouping::provider).size(), 0U);
}

TEST(PriceOfAUnit, divides_the_price_of_the_instance) {
  const Offer& p5 = catalog().offers()[0];
  EXPECT_EQ(price_per_accelerator_hour(p5), *Money::parse("6.88"));
  EXPECT_EQ(price_per_vcpu_hour(p5), *Money::parse("0.286666667"));
  EXPECT_EQ(price_per_accelerator_hour(Offer{}), std::nullopt);
  EXPECT_EQ(price_per_vcpu_hour(Offer{}), std::nullopt);
}

TEST(CheapestPlaces, says_who_sells_an_accelerator_cheapest_and_where) {
  OfferFilter filter;
  filter.accelerator = *read_accelerator("H100");
  const Summary by_provider = cheapest_places(catalog(), filter, SummaryBy::provider);
  ASSERT_EQ(by_provider.places.size(), 3U);
  EXPECT_EQ(by_provider.unit, SummaryUnit::accelerator);
  EXPECT_EQ(by_provider.places[0].place, "runpod");
  EXPECT_EQ(by_provider.places[0].on_demand, nullptr);
  EXPECT_EQ(by_provider.places[0].price_per_unit_hour, *Money::parse("1.75"));
  const BestOffers& aws = by_provider.places[1];
  EXPECT_EQ(aws.place, "aws");
  EXPECT_EQ(offer_key(*aws.spot), "aws/us-east-1/use1-az2:p5.48xlarge:spot");
  EXPECT_EQ(offer_key(*aws.on_demand), "aws/eu-north-1:p5.4xlarge:on_demand");
  EXPECT_EQ(aws.price_per_unit_hour, *Money::parse("2.4066375"));
  EXPECT_EQ(aws.offers, 3U);
  EXPECT_EQ(aws.regions, 2U);
  const Summary by_region = cheapest_places(catalog(), filter, SummaryBy::region);
  ASSERT_EQ(by_region.places.size(), 4U);
  EXPECT_EQ(by_region.places[1].place, "aws/us-east-1");
}

TEST(CheapestPlaces, compares_machines_without_accelerators_by_vcpu) {
  OfferFilter filter;
  filter.no_accelerator = true;
  const Summary summary = cheapest_places(catalog(), filter, SummaryBy::provider);
  EXPECT_EQ(summary.unit, SummaryUnit::vcpu);
  ASSERT_EQ(summary.places.size(), 2U);
  EXPECT_EQ(summary.places[0].place, "gcp");
  EXPECT_EQ(summary.places[0].price_per_unit_hour, *Money::parse("0.048559"));
}

TEST(CheapestPlaces, falls_back_to_reserved_prices_and_to_nothing) {
  OfferFilter reserved;
  reserved.purchases = {Purchase::reserved_1y};
  const Summary summary = cheapest_places(catalog(), reserved, SummaryBy::provider);
  ASSERT_EQ(summary.places.size(), 1U);
  EXPECT_EQ(summary.places[0].price_per_unit_hour, *Money::parse("1.75"));
  OfferFilter none;
  none.accelerator = *read_accelerator("Gaudi3");
  EXPECT_TRUE(cheapest_places(catalog(), none, SummaryBy::region).places.empty());
}

}  // namespace
}  // namespace tradewind::catalog
