#include "app/agent/stores.h"

#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::agent {
namespace {

AgentOptions options_in(const io::TempDir& dir) {
  AgentOptions options;
  options.store_url = "file://" + (dir.path() / "home").string();
  return options;
}

TEST(AgentStores, opens_all_that_are_named) {
  const io::TempDir dir = *io::TempDir::make("stores");
  ASSERT_TRUE(io::make_folders(dir.path() / "home").ok());
  AgentOptions options = options_in(dir);
  options.local_store_url = options.store_url;
  options.standby_urls = {options.store_url};
  const Result<AgentStores> stores = open_stores(options);
  ASSERT_TRUE(stores.ok()) << describe(stores.error());
  EXPECT_NE(stores->local, nullptr);
  EXPECT_EQ(stores->standby.size(), 1U);
  EXPECT_TRUE(stores->warnings.empty());
}

TEST(AgentStores, goes_on_without_copies_that_cannot_be_opened_and_says_so) {
  const io::TempDir dir = *io::TempDir::make("stores");
  ASSERT_TRUE(io::make_folders(dir.path() / "home").ok());
  ASSERT_TRUE(io::write_file_atomic(dir.path() / "file", "").ok());
  AgentOptions options = options_in(dir);
  options.local_store_url = "file://" + (dir.path() / "file" / "local").string();
  options.standby_urls = {"file://" + (dir.path() / "file" / "copy").string(), options.store_url, "abc://x"};
  const Result<AgentStores> stores = open_stores(options);
  ASSERT_TRUE(stores.ok()) << describe(stores.error());
  EXPECT_EQ(stores->local, nullptr);
  EXPECT_EQ(stores->standby.size(), 1U);
  ASSERT_EQ(stores->warnings.size(), 3U);
  EXPECT_TRUE(stores->warnings[1].starts_with("no standby copy in " + options.standby_urls[0]))
      << stores->warnings[1];
}

TEST(AgentStores, cannot_do_without_the_home_store) {
  AgentOptions options;
  options.store_url = "abc://x";
  EXPECT_FALSE(open_stores(options).ok());
}

TEST(AgentStores, of_an_encrypted_job_are_all_seen_through_its_view) {
  const io::TempDir dir = *io::TempDir::make("stores");
  ASSERT_TRUE(io::make_folders(dir.path() / "home").ok());
  AgentOptions options = options_in(dir);
  options.encrypted = true;
  options.local_store_url = options.store_url;
  options.standby_urls = {options.store_url};
  EXPECT_EQ(open_stores(options).error().code, Code::unauthorized);
  int seen = 0;
  const Result<AgentStores> stores = open_stores(options, nullptr, [&](objectstore::ObjectStore&) {
    ++seen;
    return objectstore::make_memory_store();
  });
  ASSERT_TRUE(stores.ok()) << describe(stores.error());
  EXPECT_EQ(seen, 3);
  for (objectstore::ObjectStore* store :
       {stores->home.get(), stores->local.get(), stores->standby.front().get()}) {
    EXPECT_NE(store->url(), options.store_url);
  }
}

}  // namespace
}  // namespace tradewind::agent
