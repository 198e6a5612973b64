#include "app/cli/store_location.h"

#include <gtest/gtest.h>

#include "core/catalog/egress.h"

namespace tradewind::cli {
namespace {

using Variables = std::map<std::string, std::string>;

std::string place(const std::string& url, const Variables& environment = {}) {
  const std::optional<Location> location = location_of_store(url, environment);
  return location ? to_text(*location) : "nowhere";
}

TEST(StoreLocation, IsThatOfTheSupplierAsTheUrlTellsIt) {
  EXPECT_EQ(place("s3://bucket/p"), "aws/us-east-1");
  EXPECT_EQ(place("s3://bucket/p?region=eu-west-1", {{"AWS_REGION", "us-west-2"}}), "aws/eu-west-1");
  EXPECT_EQ(place("s3://bucket/p", {{"AWS_REGION", "us-west-2"}, {"AWS_DEFAULT_REGION", "x"}}),
            "aws/us-west-2");
  EXPECT_EQ(place("s3://bucket/p?endpoint=https://abc.r2.cloudflarestorage.com"), "cloudflare-r2");
  EXPECT_EQ(place("s3://bucket/p?endpoint=https://s3.eu-central-2.wasabisys.com"), "wasabi");
  EXPECT_EQ(place("gs://bucket/p"), "gcp");
  EXPECT_EQ(place("azblob://c/p?account=acme"), "azure");
}

TEST(StoreLocation, OfOnesOwnServersIsNone) {
  for (const char* url :
       {"file:///srv/store", "sftp://host/srv/store", "s3://bucket/p?endpoint=http://ceph:7480",
        "gs://bucket/p?endpoint=http://127.0.0.1:1", "azblob://c/p?account=a&endpoint=http://127.0.0.1:1/a",
        "s3://", "nonsense"}) {
    EXPECT_EQ(place(url), "nowhere") << url;
  }
}

TEST(StoreLocation, NamesSuppliersAsThePriceListDoes) {
  const catalog::EgressTable table = catalog::embedded_egress_table();
  for (const char* url : {"s3://bucket/p", "s3://bucket/p?endpoint=https://x.r2.cloudflarestorage.com",
                          "s3://bucket/p?endpoint=https://s3.us-west-004.backblazeb2.com",
                          "s3://bucket/p?endpoint=https://s3.wasabisys.com",
                          "s3://bucket/p?endpoint=https://ams3.digitaloceanspaces.com",
                          "s3://bucket/p?endpoint=https://eu.linodeobjects.com",
                          "s3://bucket/p?endpoint=https://ewr1.vultrobjects.com",
                          "s3://bucket/p?endpoint=https://ns.compat.oraclecloud.com&region=eu-frankfurt-1",
                          "s3://bucket/p?endpoint=https://cwobject.com"}) {
    const std::optional<Location> location = location_of_store(url, {});
    ASSERT_TRUE(location) << url;
    EXPECT_FALSE(table.quote(*location, Location{"local", "here", ""}, 1'000'000'000).assumed) << url;
  }
}

}  // namespace
}  // namespace tradewind::cli
