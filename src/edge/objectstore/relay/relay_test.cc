// The relay and its store, together: all of the suite of stores passes through it, and nothing else does.
#include <filesystem>
#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/prefix_store.h"
#include "edge/objectstore/relay/relay_pass.h"
#include "edge/objectstore/relay/relay_server.h"
#include "edge/objectstore/relay/relay_store.h"
#include "edge/objectstore/testing/conformance.h"

namespace tradewind::objectstore {
namespace {

constexpr const char* secret = "0123456789abcdef";

// A relay to one store in memory, and what is needed to use it.
class Relayed {
 public:
  Relayed() {
    Result<std::filesystem::path> made = io::make_temp_dir("relay-", std::filesystem::temp_directory_path());
    EXPECT_TRUE(made.ok());
    folder_ = made.value_or("/nonexistent");
    start();
  }
  ~Relayed() {
    server_.reset();
    static_cast<void>(io::remove_tree(folder_));
  }
  Relayed(const Relayed&) = delete;
  Relayed& operator=(const Relayed&) = delete;

  void start() {
    Result<std::unique_ptr<RelayServer>> server = RelayServer::start(
        (folder_ / "relay.sock").string(), secret, [this](const std::string& name) -> Result<ObjectStore*> {
          if (name == "broken") return Error{Code::not_found, "gone"};
          return store_.get();
        });
    EXPECT_TRUE(server.ok()) << describe(server.error());
    if (server.ok()) server_ = *std::move(server);
  }
  void stop() { server_.reset(); }

  std::shared_ptr<ObjectStore> open(const std::string& pass, const std::string& name = "home") const {
    Result<std::unique_ptr<ObjectStore>> store = open_relay_store(
        to_text(RelayUrl{(folder_ / "relay.sock").string(), name}), {{relay_pass_variable, pass}});
    EXPECT_TRUE(store.ok());
    return store.ok() ? *std::move(store) : nullptr;
  }
  ObjectStore& beneath() { return *store_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  std::unique_ptr<RelayServer> server_;
};

// The suite uses keys of its own: below the prefix of the pass.
struct Below {
  explicit Below(std::shared_ptr<ObjectStore> relayed)
      : inner(std::move(relayed)), outer(*inner, "jobs/j-1/") {}
  std::shared_ptr<ObjectStore> inner;
  PrefixStore outer;
};

Connect through_a_relay() {
  auto relayed = std::make_shared<Relayed>();
  return [relayed]() -> std::shared_ptr<ObjectStore> {
    const auto below = std::make_shared<Below>(relayed->open(sign_pass({"jobs/j-1/", {"home"}}, secret)));
    return {below, &below->outer};
  };
}

INSTANTIATE_TEST_SUITE_P(Relay, ObjectStoreConformance,
                         testing::Values(conformance_case("Relay", through_a_relay, false)));

TEST(Relay, LetsAPassUseItsOwnKeysAndStoresAlone) {
  Relayed relayed;
  ASSERT_TRUE(relayed.beneath().put("jobs/j-2/spec.json", "theirs", PutCondition::always).ok());
  const auto store = relayed.open(sign_pass({"jobs/j-1/", {"home"}}, secret));
  EXPECT_TRUE(store->put("jobs/j-1/a", "x", PutCondition::always).ok());
  EXPECT_EQ(store->get("jobs/j-2/spec.json").error().code, Code::unauthorized);
  EXPECT_EQ(store->put("jobs/j-10", "x", PutCondition::always).error().code, Code::unauthorized);
  EXPECT_EQ(store->list("jobs/", "").error().code, Code::unauthorized);
  EXPECT_EQ(store->list("", "").error().code, Code::unauthorized);
  EXPECT_EQ(store->remove("jobs/j-2/spec.json").error().code, Code::unauthorized);
  const auto elsewhere = relayed.open(sign_pass({"jobs/j-1/", {"home"}}, secret), "other");
  EXPECT_EQ(elsewhere->get("jobs/j-1/a").error().code, Code::unauthorized);
  EXPECT_EQ(*relayed.beneath().get("jobs/j-2/spec.json"), "theirs");
}

TEST(Relay, KnowsNoPassOfAnotherHand) {
  Relayed relayed;
  const std::string good = sign_pass({"jobs/j-1/", {"home"}}, secret);
  std::string changed = good;
  changed[0] = changed[0] == 'A' ? 'B' : 'A';
  const std::string forged = sign_pass({"jobs/", {"home"}}, "another secret 16");
  for (const std::string& pass : {std::string(), std::string("."), std::string("x.y"), changed, forged,
                                  good.substr(0, good.size() - 2), good + "00"}) {
    EXPECT_EQ(relayed.open(pass)->get("jobs/j-1/a").error().code, Code::unauthorized) << pass;
  }
}

TEST(Relay, ThatIsAwayOrCannotReachItsStoreMakesCallsUnavailable) {
  Relayed relayed;
  const auto store = relayed.open(sign_pass({"jobs/j-1/", {"home", "broken"}}, secret));
  const auto broken = relayed.open(sign_pass({"jobs/j-1/", {"home", "broken"}}, secret), "broken");
  EXPECT_EQ(broken->get("jobs/j-1/a").error().code, Code::unavailable) << "not that the key is absent";
  relayed.stop();
  EXPECT_EQ(store->get("jobs/j-1/a").error().code, Code::unavailable);
  EXPECT_EQ(store->put("jobs/j-1/a", "x", PutCondition::if_absent).error().code, Code::unavailable);
  relayed.start();
  EXPECT_TRUE(store->put("jobs/j-1/a", "x", PutCondition::if_absent).ok());
}

TEST(RelayUrl, IsReadAndWritten) {
  const RelayUrl url{"/run/a b/relay.sock", "s3://bucket/x?region=y"};
  const Result<RelayUrl> again = parse_relay_url(to_text(url));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->socket, url.socket);
  EXPECT_EQ(again->store, url.store);
  for (const char* wrong :
       {"relay://x?store=home", "relay://?store=", "relay:///a", "relay:///a?store=", "file:///a?store=b"}) {
    EXPECT_EQ(parse_relay_url(wrong).error().code, Code::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace tradewind::objectstore
