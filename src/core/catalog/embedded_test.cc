// What the program carries with it must be complete, and clean by its own rules.
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>

#include "core/catalog/catalog.h"
#include "core/catalog/query.h"

namespace tradewind::catalog {
namespace {

const LoadedCatalog& embedded() {
  static const LoadedCatalog loaded = load_embedded_catalog();
  return loaded;
}

TEST(EmbeddedCatalog, has_no_row_that_is_refused_and_few_that_are_doubted) {
  for (const RowNote& note : embedded().report.refused) ADD_FAILURE() << describe(note);
  EXPECT_LT(embedded().report.warnings.size(), 60U);
  EXPECT_EQ(embedded().catalog.size(), embedded().report.rows);
  EXPECT_GE(embedded().catalog.size(), 3000U);
  EXPECT_LE(embedded().catalog.size(), 8000U);
}

TEST(EmbeddedCatalog, has_the_three_giants_on_demand_and_spot_and_many_gpu_clouds) {
  std::map<std::string, std::set<Purchase>> purchases;
  for (const Offer& offer : embedded().catalog.offers())
    purchases[offer.location.provider].insert(offer.purchase);
  for (const char* giant : {"aws", "azure", "gcp"}) {
    EXPECT_TRUE(purchases[giant].contains(Purchase::on_demand)) << giant;
    EXPECT_TRUE(purchases[giant].contains(Purchase::spot)) << giant;
    EXPECT_TRUE(purchases[giant].contains(Purchase::reserved_1y)) << giant;
  }
  for (const char* cloud : {"lambda", "runpod", "vast", "nebius", "digitalocean", "hyperstack", "verda"}) {
    EXPECT_TRUE(purchases.contains(cloud)) << cloud;
  }
  EXPECT_GE(purchases.size(), 15U);
}

TEST(EmbeddedCatalog, has_every_kind_of_accelerator_and_machines_without) {
  std::map<AcceleratorKind, int> kinds;
  int plain = 0;
  for (std::size_t i = 0; i < embedded().catalog.size(); ++i) {
    const AcceleratorFacts* facts = embedded().catalog.accelerator_facts()[i];
    EXPECT_EQ(facts != nullptr, embedded().catalog.offers()[i].accelerator.has_value());
    if (facts == nullptr) ++plain;
    if (facts != nullptr) ++kinds[facts->kind];
  }
  EXPECT_GT(kinds[AcceleratorKind::gpu], 1000);
  EXPECT_GT(kinds[AcceleratorKind::tpu], 100);
  EXPECT_GT(kinds[AcceleratorKind::trainium], 10);
  EXPECT_GT(kinds[AcceleratorKind::inferentia], 100);
  EXPECT_GT(plain, 300);
}

TEST(EmbeddedCatalog, names_day_and_source_of_every_offer_and_marks_estimates) {
  int estimates = 0;
  for (const Offer& offer : embedded().catalog.offers()) {
    EXPECT_EQ(offer.observed_on.size(), 10U) << offer_key(offer);
    EXPECT_FALSE(offer.source.empty()) << offer_key(offer);
    if (!offer.source.starts_with("estimate: ")) continue;
    ++estimates;
    EXPECT_EQ(offer.purchase, Purchase::spot) << offer_key(offer);
  }
  EXPECT_GT(estimates, 100);
}

TEST(EmbeddedCatalog, has_prices_that_are_known_from_the_suppliers_lists) {
  const Offer* p5 = embedded().catalog.find("aws/us-east-1:p5.48xlarge:on_demand");
  ASSERT_NE(p5, nullptr);
  EXPECT_EQ(p5->price_per_hour, *Money::parse("55.04"));
  EXPECT_EQ(*p5->accelerator, (Accelerator{"H100", 8, 80}));
  ASSERT_NE(embedded().catalog.find("aws/us-east-1/use1-az2:p5.48xlarge:spot"), nullptr);
}

TEST(EmbeddedCatalog, is_the_same_from_the_table_that_the_build_made) {
  const Catalog table = embedded_catalog();
  ASSERT_EQ(table.size(), embedded().catalog.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(table.offers()[i], embedded().catalog.offers()[i]);
    EXPECT_EQ(table.accelerator_facts()[i], embedded().catalog.accelerator_facts()[i]);
  }
}

TEST(EmbeddedCatalog, refuses_absurd_rows_of_the_user_by_its_own_medians) {
  const OfferText text{"mine.csv",
                       "provider,region,instance_type,purchase,usd_per_hour,accelerator,count\n"
                       "mycloud,any,dream,on_demand,0.01,H100,1\n"
                       "mycloud,any,fair,on_demand,2.10,H100,1\n"};
  const LoadedCatalog loaded = load_embedded_catalog({&text, 1});
  ASSERT_EQ(loaded.report.refused.size(), 1U);
  EXPECT_EQ(loaded.report.refused[0].problem, RowProblem::absurd_price);
  EXPECT_EQ(loaded.report.refused[0].file, "mine.csv");
  EXPECT_NE(loaded.catalog.find("mycloud/any:fair:on_demand"), nullptr);
}

}  // namespace
}  // namespace tradewind::catalog
