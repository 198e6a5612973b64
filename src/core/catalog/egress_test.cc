#include "core/catalog/egress.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

#include "core/catalog/continent.h"

namespace tradewind::catalog {
namespace {

constexpr std::uint64_t gb = 1'000'000'000;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

Location at(std::string_view text) {
  return *parse_location(text);
}

EgressTable small_table() {
  return *EgressTable::parse("t.csv",
                             "kind,provider,from,to,above_gb,usd,per,observed_on,source,note\n"
                             "internet,*,*,*,0,0.09,GB,,assumption,\n"
                             "internet,aws,us-east-1|us-east-2,*,100,0.09,GB,2024-01,list,\n"
                             "internet,aws,us-east-1|us-east-2,*,10240,0.085,GB,2025,list,\n"
                             "internet,gcp,*,*,0,0.12,GiB,2026,list,\n"
                             "internet,gcp,*,@oceania,0,0.19,GiB,2026,list,\n"
                             "inter_region,aws,us-east-1,*,0,0.02,GB,2024-01,list,\n"
                             "inter_region,aws,us-east-1,us-east-2,0,0.01,GB,2024-01,list,\n"
                             "inter_zone,aws,*,*,0,0.02,GB,2025,list,0.01 at each end\n"
                             "internet,lambda,*,*,0,0,GB,2025,list,\n");
}

TEST(Egress, within_a_zone_is_free_and_so_is_a_region_whose_zones_are_not_known) {
  const EgressTable table = small_table();
  EXPECT_EQ(table.quote(at("aws/us-east-1/a"), at("aws/us-east-1/a"), gb).cost, Money());
  const EgressQuote quote = table.quote(at("aws/us-east-1/a"), at("aws/us-east-1"), gb);
  EXPECT_EQ(quote.cost, Money());
  EXPECT_EQ(quote.rule, "within one region, taken as one zone: free");
}

TEST(Egress, between_zones_counts_both_ends) {
  const EgressQuote quote = small_table().quote(at("aws/us-east-1/a"), at("aws/us-east-1/b"), 10 * gb);
  EXPECT_EQ(quote.cost, *Money::parse("0.20"));
  EXPECT_EQ(quote.rule,
            "traffic between zones of aws from us-east-1: 10 GB at $0.02 (list, 2025; 0.01 at each end)");
}

TEST(Egress, between_regions_takes_the_named_pair_before_the_rest) {
  const EgressTable table = small_table();
  EXPECT_EQ(table.quote(at("aws/us-east-1"), at("aws/us-east-2"), 100 * gb).cost, *Money::parse("1.00"));
  EXPECT_EQ(table.quote(at("aws/us-east-1"), at("aws/eu-west-1"), 100 * gb).cost, *Money::parse("2.00"));
}

TEST(Egress, between_regions_without_a_rate_costs_what_the_internet_costs) {
  const EgressQuote quote = small_table().quote(at("lambda/us-east-1"), at("lambda/us-west-1"), 100 * gb);
  EXPECT_EQ(quote.cost, Money());
  EXPECT_EQ(quote.rule, "internet egress of lambda from us-east-1: 100 GB free (list, 2025)");
}

TEST(Egress, to_the_internet_climbs_through_the_tiers_of_the_month) {
  const EgressTable table = small_table();
  const EgressQuote first = table.quote(at("aws/us-east-2"), at("gcp/us-central1"), 150 * gb);
  EXPECT_EQ(first.cost, *Money::parse("4.50"));  // 100 GB are free
  EXPECT_EQ(first.rule, "internet egress of aws from us-east-2: 100 GB free, 50 GB at $0.09 (list, 2024-01)");
  EXPECT_EQ(table.quote(at("aws/us-east-2"), at("gcp/us-central1"), 50 * gb, 100 * gb).cost,
            *Money::parse("4.50"));
  const EgressQuote across = table.quote(at("aws/us-east-1"), at("lambda/any"), 1000 * gb, 10000 * gb);
  ASSERT_EQ(across.steps.size(), 2U);
  EXPECT_EQ(across.steps[0], (EgressStep{240 * gb, *Money::parse("0.09"), gb, *Money::parse("21.60")}));
  EXPECT_EQ(across.steps[1], (EgressStep{760 * gb, *Money::parse("0.085"), gb, *Money::parse("64.60")}));
  EXPECT_EQ(across.cost, *Money::parse("86.20"));
}

TEST(Egress, counts_gib_where_the_supplier_does_and_asks_where_the_bytes_go) {
  const EgressTable table = small_table();
  EXPECT_EQ(table.quote(at("gcp/us-central1"), at("aws/us-east-1"), 10 * gib).cost, *Money::parse("1.20"));
  EXPECT_EQ(table.quote(at("gcp/us-central1"), at("aws/ap-southeast-2"), 10 * gib).cost,
            *Money::parse("1.90"));
  EXPECT_EQ(table.quote(at("gcp/us-central1"), at("aws/us-east-1"), 1).cost, Money(0));  // 0.1 nano
}

TEST(Egress, of_an_unknown_supplier_is_assumed_and_says_so) {
  const EgressQuote quote = small_table().quote(at("newcloud/moon"), at("aws/us-east-1"), 10 * gb);
  EXPECT_TRUE(quote.assumed);
  EXPECT_EQ(quote.cost, *Money::parse("0.90"));
  EXPECT_TRUE(EgressTable({}).quote(at("newcloud"), at("aws"), gb).assumed);
}

TEST(Egress, overrides_go_before_every_other_rate) {
  EgressRate own;
  own.provider = "local";
  own.from = "harbour";
  own.price = *Money::parse("0.50");
  const EgressTable table = embedded_egress_table().with_overrides({own});
  EXPECT_EQ(table.quote(at("local/harbour"), at("aws/us-east-1"), 2 * gb).cost, *Money::parse("1.00"));
  EXPECT_EQ(table.quote(at("local/harbour"), at("local/hill"), 2 * gb).cost, *Money::parse("1.00"));
  EXPECT_EQ(table.quote(at("local/hill"), at("local/harbour"), 2 * gb).cost, Money());
  EgressRate aws = own;
  aws.provider = "aws";
  aws.from = "*";
  const EgressTable twice = table.with_overrides({aws});
  EXPECT_EQ(twice.quote(at("aws/us-east-1"), at("gcp"), 2 * gb).cost, *Money::parse("1.00"));
  EXPECT_EQ(twice.quote(at("local/harbour"), at("aws"), 2 * gb).cost, *Money::parse("1.00"));
}

TEST(Egress, of_more_bytes_than_there_are_saturates) {
  constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  const EgressQuote quote = small_table().quote(at("aws/us-east-1"), at("gcp"), max, max);
  EXPECT_EQ(quote.cost, Money());
  EXPECT_GT(small_table().quote(at("aws/us-east-1"), at("gcp"), max).cost, Money(1'500'000'000'000'000'000));
}

TEST(EgressFile, names_file_line_and_column_of_what_is_wrong) {
  const auto fault = [](std::string_view row) {
    return describe(
        EgressTable::parse("e.csv", "kind,provider,usd,per,above_gb\n" + std::string(row) + "\n").error());
  };
  EXPECT_EQ(fault("intranet,aws,1,GB,"),
            "e.csv:2: kind: found 'intranet', expected internet, inter_region or inter_zone");
  EXPECT_EQ(fault("internet,,1,GB,"), "e.csv:2: provider: found '', expected a supplier's name, or *");
  EXPECT_EQ(fault("internet,aws,-1,GB,"),
            "e.csv:2: usd: found '-1', expected a decimal such as 0.09, not negative");
  EXPECT_EQ(fault("internet,aws,1,MB,"), "e.csv:2: per: found 'MB', expected GB or GiB");
  EXPECT_EQ(fault("internet,aws,1,GB,nan"),
            "e.csv:2: above_gb: found 'nan', expected a number, not negative");
  EXPECT_EQ(fault("internet,aws,1"), "e.csv:2: 3 fields where the header has 5, or a stray quote");
}

TEST(EmbeddedEgress, holds_the_known_prices_of_the_giants_and_of_gpu_clouds) {
  const EgressTable table = embedded_egress_table();
  EXPECT_GE(table.rates().size(), 100U);
  const std::uint64_t tenth = 100 * gb;
  EXPECT_EQ(table.quote(at("aws/us-east-1"), at("gcp/us-central1"), 2 * tenth).cost, *Money::parse("9.00"));
  EXPECT_EQ(table.quote(at("aws/us-east-1"), at("aws/us-east-2"), tenth).cost, *Money::parse("1.00"));
  EXPECT_EQ(table.quote(at("aws/us-east-1/a"), at("aws/us-east-1/b"), tenth).cost, *Money::parse("2.00"));
  EXPECT_EQ(table.quote(at("azure/eastus"), at("aws/us-east-1"), 2 * tenth).cost, *Money::parse("8.70"));
  EXPECT_EQ(table.quote(at("azure/eastus"), at("azure/westeurope"), tenth).cost, *Money::parse("5.00"));
  EXPECT_EQ(table.quote(at("gcp/us-central1"), at("aws/us-east-1"), 10 * gib).cost, *Money::parse("1.20"));
  EXPECT_EQ(table.quote(at("gcp/us-central1"), at("gcp/europe-west4"), 10 * gib).cost, *Money::parse("0.50"));
  EXPECT_EQ(table.quote(at("lambda/any"), at("aws/us-east-1"), tenth).cost, Money());
  EXPECT_EQ(table.quote(at("runpod/any"), at("aws/us-east-1"), tenth).cost, Money());
  EXPECT_EQ(egress_cost(at("aws/us-east-1"), at("gcp/us-central1"), 2 * tenth), *Money::parse("9.00"));
  for (const EgressRate& rate : table.rates()) EXPECT_FALSE(rate.source.empty());
}

TEST(Continent, follows_from_the_names_of_regions) {
  EXPECT_EQ(continent_of("aws", "us-gov-east-1"), "north_america");
  EXPECT_EQ(continent_of("aws", "ap-southeast-1"), "asia");
  EXPECT_EQ(continent_of("aws", "ap-southeast-2"), "oceania");
  EXPECT_EQ(continent_of("aws", "il-central-1"), "middle_east");
  EXPECT_EQ(continent_of("azure", "southcentralus"), "north_america");
  EXPECT_EQ(continent_of("azure", "australiaeast"), "oceania");
  EXPECT_EQ(continent_of("azure", "austriaeast"), "europe");
  EXPECT_EQ(continent_of("azure", "southafricanorth"), "africa");
  EXPECT_EQ(continent_of("azure", "southeastasia"), "asia");
  EXPECT_EQ(continent_of("azure", "brazilsouth"), "south_america");
  EXPECT_EQ(continent_of("gcp", "northamerica-south1"), "north_america");
  EXPECT_EQ(continent_of("gcp", "me-west1"), "middle_east");
  EXPECT_EQ(continent_of("nebius", "eu-north1"), "europe");
  EXPECT_EQ(continent_of("vast", "zz"), "");
}

}  // namespace
}  // namespace tradewind::catalog
