#include "edge/drivers/aws/aws_provider.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "base/random.h"
#include "edge/drivers/aws/instance_view.h"
#include "edge/drivers/aws/testing/fake_ec2.h"
#include "edge/io/hash.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::aws {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Offer offer(const std::string& type, Purchase purchase, const std::string& zone = "") {
  Offer made;
  made.location = {"aws", "us-east-1", zone};
  made.instance_type = type;
  made.purchase = purchase;
  made.vcpus = 4;
  made.memory_gib = 16;
  made.price_per_hour = Money(1'000'000'000);
  return made;
}

AwsOptions options_for(const FakeEc2& fake) {
  AwsOptions options;
  options.region.name = "us-east-1";
  options.catalogue = {offer("m7g.large", Purchase::on_demand), offer("m7g.large", Purchase::spot),
                       offer("g5.xlarge", Purchase::spot), offer("g5.xlarge", Purchase::spot, "use1-az6")};
  options.environment = fake.environment();
  options.agent = [](const provider::LaunchRequest&) -> Result<boot::AgentDownloads> {
    return boot::AgentDownloads{{"x86_64", {"https://store.example/agent?sig=hunter2", std::string(64, 'a')}},
                                {"aarch64", {"https://store.example/agent-arm", std::string(64, 'b')}}};
  };
  options.network.reads = {1e6, 1e6};
  options.network.changes = {1e6, 1e6};
  options.network.retry.delay_first = Duration(1);
  options.network.retry.delay_max = Duration(2);
  return options;
}

// --- the seam, over sockets ---

class Ec2Subject final : public provider::ConformanceSubject {
 public:
  Ec2Subject() : fake_([this] { return clock_.now(); }, FakeEc2Options{.page_size = 2}), server_(fake_) {
    fake_.set_capacity("m7g.large", 4);
    fake_.add_foreign({{"Name", "somebody's"}});
  }
  provider::Provider& provider() override { return *at(0); }
  provider::Provider& reopened() override { return *at(1); }
  Offer offer() override { return aws::offer("m7g.large", Purchase::on_demand); }
  int capacity() override { return 3; }  // the foreign one has a place too
  void wait(Duration span) override { std::this_thread::sleep_for(span / 10); }

 private:
  AwsProvider* at(std::size_t which) {
    if (!made_[which]) {
      AwsOptions options = options_for(fake_);
      options.region.endpoint = server_.endpoint();
      made_[which] = std::make_unique<AwsProvider>(std::move(options), clock_);
    }
    return made_[which].get();
  }
  const io::SystemClock clock_;
  FakeEc2 fake_;
  FakeEc2Server server_;
  std::unique_ptr<AwsProvider> made_[2];
};

const bool registered = provider::register_conformance(
    "Ec2", []() -> std::unique_ptr<provider::ConformanceSubject> { return std::make_unique<Ec2Subject>(); });

// --- in this process, by a clock of its own ---

class AwsProviderTest : public testing::Test {
 protected:
  std::unique_ptr<AwsProvider> provider(const std::function<void(AwsOptions&)>& change = nullptr) {
    AwsOptions options = options_for(fake_);
    options.network.transport = fake_.transport();
    options.network.sleep = [this](Duration span) { clock_.advance(span); };
    if (change) change(options);
    return std::make_unique<AwsProvider>(std::move(options), clock_);
  }
  provider::LaunchRequest request(const std::string& token = "l-1", const std::string& type = "m7g.large",
                                  Purchase purchase = Purchase::on_demand) {
    provider::LaunchRequest made;
    made.token = token;
    made.owner = OwnerId("0123456789abcdef0123456789abcdef");
    made.job = JobId("j-1");
    made.offer = offer(type, purchase);
    made.agent_arguments = {"--store=s3://b/p", "--lease=" + token};
    made.secrets = {{"AWS_SECRET_ACCESS_KEY", "of the job"}};
    made.hard_limit = clock_.now() + hours(24);
    return made;
  }
  std::string value(const FakeEc2::Made& made, const std::string& name) {
    const auto found = made.form.find(name);
    return found == made.form.end() ? "(none)" : found->second;
  }

  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  FakeEc2 fake_{[this] { return clock_.now(); }};
};

TEST_F(AwsProviderTest, AnInstanceIsTaggedAndClosedFromItsFirstMoment) {
  const auto aws = provider();
  ASSERT_TRUE(aws->launch(request("l-1", "g5.xlarge", Purchase::spot)).ok());
  const FakeEc2::Made made = fake_.instances().at(0);
  EXPECT_EQ(made.tags.at(owner_tag), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(made.tags.at(lease_tag), "l-1");
  EXPECT_EQ(value(made, "TagSpecification.2.ResourceType"), "volume");
  EXPECT_EQ(value(made, "TagSpecification.3.ResourceType"), "network-interface");
  EXPECT_EQ(value(made, "MetadataOptions.HttpTokens"), "required");
  EXPECT_EQ(value(made, "MetadataOptions.HttpPutResponseHopLimit"), "1");
  EXPECT_EQ(value(made, "InstanceInitiatedShutdownBehavior"), "terminate");
  EXPECT_EQ(value(made, "BlockDeviceMapping.1.Ebs.DeleteOnTermination"), "true");
  EXPECT_EQ(value(made, "InstanceMarketOptions.MarketType"), "spot");
  EXPECT_EQ(value(made, "InstanceMarketOptions.SpotOptions.SpotInstanceType"), "one-time");
  EXPECT_EQ(value(made, "InstanceMarketOptions.SpotOptions.MaxPrice"), "(none)")
      << "the on-demand price is the cap";
  EXPECT_EQ(value(made, "KeyName"), "(none)");
  EXPECT_EQ(value(made, "ClientToken").size(), 64U);
  const std::string user_data = io::decode_base64(value(made, "UserData")).value();
  EXPECT_TRUE(user_data.starts_with("#!/bin/sh\n"));
  EXPECT_NE(user_data.find("of the job"), std::string::npos);
  EXPECT_NE(user_data.find("--metadata=aws"), std::string::npos);
  for (const auto& [name, text] : made.form) {
    if (name == "UserData") continue;
    EXPECT_EQ(text.find("of the job"), std::string::npos) << name;
  }
}

TEST_F(AwsProviderTest, OneGroupOfOursIsMadeAndUsedAgain) {
  ASSERT_TRUE(provider()->launch(request("l-1")).ok());
  const auto again = provider();
  ASSERT_TRUE(again->launch(request("l-2")).ok());
  EXPECT_EQ(fake_.groups(), 1);
  fake_.open_group(value(fake_.instances().at(0), "SecurityGroupId.1"));
  const Result<provider::Launched> opened = provider()->launch(request("l-3"));
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("somebody opened the security group"), std::string::npos);
  EXPECT_TRUE(
      provider([](AwsOptions& o) { o.region.security_group = "sg-0own"; })->launch(request("l-4")).ok());
  EXPECT_EQ(value(fake_.instances().back(), "SecurityGroupId.1"), "sg-0own");
}

TEST_F(AwsProviderTest, AReplyThatIsLostLaunchesNothingTwice) {
  fake_.lose_reply("RunInstances");
  const auto aws = provider();
  const Result<provider::Launched> launched = aws->launch(request());
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  EXPECT_EQ(fake_.instances().size(), 1U);
  EXPECT_EQ(fake_.count("RunInstances"), 2U);
  for (int i = 0; i < 20; ++i) fake_.lose_reply("RunInstances");
  const Result<provider::Launched> unknown = aws->launch(request("l-2"));
  EXPECT_EQ(unknown.error().code, Code::unavailable);
  const Result<provider::Launched> later = provider()->launch(request("l-2"));
  EXPECT_EQ(fake_.instances().size(), 2U) << "however often it was asked";
  (void)later;
}

// The URL in the boot document is another at each call; EC2 takes that for another request.
TEST_F(AwsProviderTest, ALaunchIsFoundAgainThoughItsBootDocumentDiffers) {
  int calls = 0;
  const auto aws = provider([&](AwsOptions& options) {
    options.agent = [&calls](const provider::LaunchRequest&) -> Result<boot::AgentDownloads> {
      return boot::AgentDownloads{
          {"aarch64", {"https://s/agent?at=" + std::to_string(++calls), std::string(64, 'a')}}};
    };
  });
  const Result<provider::Launched> first = aws->launch(request());
  const Result<provider::Launched> second = aws->launch(request());
  ASSERT_TRUE(second.ok()) << describe(second.error());
  EXPECT_EQ(second->ref, first->ref);
  EXPECT_EQ(second->launched_at, first->launched_at);
  EXPECT_EQ(fake_.instances().size(), 1U);
}

TEST_F(AwsProviderTest, EachRefusalHasItsCode) {
  const auto code = [this](int status, const std::string& name) {
    fake_.refuse("RunInstances", 1, status, name);
    const auto refused = provider()->launch(request());
    EXPECT_FALSE(refused.ok()) << name;
    return refused.ok() ? Code::internal : refused.error().code;
  };
  EXPECT_EQ(code(500, "InsufficientInstanceCapacity"), Code::insufficient_capacity);
  EXPECT_EQ(code(400, "VcpuLimitExceeded"), Code::quota_exceeded);
  EXPECT_EQ(code(403, "UnauthorizedOperation"), Code::unauthorized);
  EXPECT_EQ(code(400, "InvalidParameterCombination"), Code::invalid_argument);
  EXPECT_EQ(fake_.count("RunInstances"), 4U) << "none of them was tried again";
  EXPECT_TRUE(fake_.instances().empty());
}

TEST_F(AwsProviderTest, AThrottlingStormIsWaitedOutAndThenTold) {
  fake_.refuse("RunInstances", 3, 503, "RequestLimitExceeded");
  EXPECT_TRUE(provider()->launch(request()).ok());
  fake_.refuse("DescribeInstances", 1000, 503, "RequestLimitExceeded");
  EXPECT_EQ(provider()->instances(request().owner, "").error().code, Code::rate_limited);
  EXPECT_LT(fake_.count("DescribeInstances"), 10U);
}

TEST_F(AwsProviderTest, AClockThatIsOffIsCorrected) {
  fake_.run_ahead(minutes(40));
  EXPECT_TRUE(provider()->launch(request()).ok());
}

TEST_F(AwsProviderTest, CredentialsThatWereRevokedAreNamed) {
  const auto aws = provider();
  ASSERT_TRUE(aws->launch(request()).ok());
  fake_.take_secret("another");
  const Result<InstancePage> page = aws->instances(request().owner, "");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::unauthorized);
  EXPECT_NE(page.error().hint.find("environment"), std::string::npos) << page.error().hint;
  EXPECT_EQ(describe(page.error()).find("hunter2"), std::string::npos);
}

TEST_F(AwsProviderTest, MissingCredentialsNameWhereTheyWereLookedFor) {
  const auto aws = provider([](AwsOptions& options) {
    options.environment.erase("AWS_SECRET_ACCESS_KEY");
    options.environment.erase("AWS_ACCESS_KEY_ID");
  });
  const auto refused = aws->launch(request());
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(describe(refused.error()).find("AWS_ACCESS_KEY_ID"), std::string::npos)
      << describe(refused.error());
  EXPECT_TRUE(fake_.log().empty());
}

TEST_F(AwsProviderTest, WhatIsNotOursIsLeftAlone) {
  const auto aws = provider();
  ASSERT_TRUE(aws->instances(request().owner, "").ok());
  const std::string plain = fake_.add_foreign({{"Name", "web"}}).id;
  const std::string theirs = fake_.add_foreign({{owner_tag, "another"}, {lease_tag, "l-1"}}).id;
  for (const std::string& id : {plain, theirs}) {
    const auto refused = aws->terminate({{"aws", "us-east-1"}, InstanceId(id)});
    ASSERT_FALSE(refused.ok()) << id;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
  }
  EXPECT_EQ(fake_.count("TerminateInstances"), 0U);
}

TEST_F(AwsProviderTest, WhatIsMissingFromListsIsNotGoneAtOnce) {
  FakeEc2 slow([this] { return clock_.now(); }, {.lists_after = minutes(1)});
  const auto options = [&](AwsOptions& o) { o.network.transport = slow.transport(); };
  const auto launching = provider(options);
  const Result<provider::Launched> launched = launching->launch(request());
  ASSERT_TRUE(launched.ok());
  const auto anew = provider(options);  // as after a crash
  EXPECT_EQ(*anew->terminate(launched->ref), provider::TerminateState::in_progress);
  clock_.advance(minutes(2));
  EXPECT_EQ(*anew->terminate(launched->ref), provider::TerminateState::done)
      << "listed, asked, and ended at once";
  EXPECT_TRUE(slow.instances().at(0).ending_since.has_value());
  const InstanceRef never{{"aws", "us-east-1"}, InstanceId("i-0123456789abcdef0")};
  EXPECT_EQ(*anew->terminate(never), provider::TerminateState::in_progress);
  clock_.advance(minutes(4));
  EXPECT_EQ(*anew->terminate(never), provider::TerminateState::done);
}

TEST_F(AwsProviderTest, WhatThisLaunchedCanBeEndedBeforeItIsListed) {
  FakeEc2 slow([this] { return clock_.now(); }, {.lists_after = minutes(1)});
  const auto aws = provider([&](AwsOptions& o) { o.network.transport = slow.transport(); });
  const Result<provider::Launched> launched = aws->launch(request());
  ASSERT_TRUE(launched.ok());
  EXPECT_EQ(*aws->terminate(launched->ref), provider::TerminateState::done);
}

TEST_F(AwsProviderTest, APreemptionIsToldAndAnInstanceThatRefusesToDieIsNotDone) {
  const auto aws = provider();
  const auto taken = aws->launch(request("l-1", "g5.xlarge", Purchase::spot));
  const auto kept = aws->launch(request("l-2"));
  ASSERT_TRUE(taken.ok() && kept.ok());
  fake_.preempt(taken->ref.id.text());
  fake_.freeze(false, true);
  EXPECT_EQ(*aws->terminate(kept->ref), provider::TerminateState::in_progress);
  std::vector<Instance> seen = provider::list_all(*aws, request().owner);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].state, InstanceState::stopping);
  EXPECT_TRUE(seen[0].preempted);
  EXPECT_EQ(seen[1].state, InstanceState::stopping);
  fake_.freeze(false, false);
  clock_.advance(minutes(1));
  seen = provider::list_all(*aws, request().owner);
  EXPECT_EQ(seen[0].state, InstanceState::terminated);
  EXPECT_TRUE(seen[0].preempted);
  EXPECT_FALSE(seen[1].preempted);
  const std::optional<Time> first = seen[0].terminated_at;
  clock_.advance(minutes(1));
  EXPECT_EQ(provider::list_all(*aws, request().owner)[0].terminated_at, first) << "it is billed to then";
}

TEST_F(AwsProviderTest, OneThatNeverBootsStaysPendingAndARenamedStateHarmsNobody) {
  const auto aws = provider();
  ASSERT_TRUE(aws->launch(request()).ok());
  fake_.freeze(true, false);
  EXPECT_EQ(provider::list_all(*aws, request().owner)[0].state, InstanceState::pending);
  fake_.freeze(false, false);
  fake_.call_state("running", "executing");
  EXPECT_EQ(provider::list_all(*aws, request().owner)[0].state, InstanceState::running);
}

TEST_F(AwsProviderTest, SpotIsSoldAtWhatItCostsNow) {
  const auto aws = provider();
  const Result<std::vector<Offer>> sold = aws->offers({});
  ASSERT_TRUE(sold.ok()) << describe(sold.error());
  ASSERT_EQ(sold->size(), 4U);
  EXPECT_EQ((*sold)[0].price_per_hour, *Money::parse("1.00")) << "on demand, as the catalogue has it";
  EXPECT_EQ((*sold)[1].price_per_hour, *Money::parse("0.35")) << "the dearest zone's, where none is named";
  EXPECT_EQ((*sold)[3].price_per_hour, *Money::parse("0.30")) << "use1-az6 is this account's us-east-1a";
  ASSERT_TRUE(aws->offers({}).ok());
  EXPECT_EQ(fake_.count("DescribeSpotPriceHistory"), 1U) << "known for ten minutes";
  clock_.advance(minutes(11));
  fake_.refuse("DescribeSpotPriceHistory", 1000, 500, "InternalError");
  EXPECT_EQ(aws->offers({}).error().code, Code::unavailable) << "a region that is down sells nothing";
  fake_.refuse("DescribeSpotPriceHistory", 0, 500, "");
  fake_.deny("DescribeSpotPriceHistory");
  EXPECT_TRUE(provider()->offers({}).ok()) << "who may not see prices has the catalogue's";
}

TEST_F(AwsProviderTest, AZoneIsAskedForByThisAccountsNameForIt) {
  provider::LaunchRequest zoned = request("l-1", "g5.xlarge", Purchase::spot);
  zoned.offer.location.zone = "use1-az6";
  const auto aws = provider();
  const auto launched = aws->launch(zoned);
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  EXPECT_EQ(value(fake_.instances().at(0), "Placement.AvailabilityZone"), "us-east-1a");
  EXPECT_EQ(provider::list_all(*aws, zoned.owner).at(0).ref, launched->ref);
  const auto there = provider([](AwsOptions& o) { o.region.subnets = {"subnet-0b", "subnet-0a"}; });
  zoned.token = "l-2";
  ASSERT_TRUE(there->launch(zoned).ok());
  EXPECT_EQ(value(fake_.instances().at(1), "SubnetId"), "subnet-0a");
  const auto elsewhere = provider([](AwsOptions& o) { o.region.subnets = {"subnet-0b"}; });
  zoned.token = "l-3";
  EXPECT_EQ(elsewhere->launch(zoned).error().code, Code::invalid_argument);
}

TEST_F(AwsProviderTest, CapacityThatIsPaidForIsUsed) {
  const auto aws = provider([](AwsOptions& o) { o.region.reservations = {{"cr-0a", "m7g.large", true}}; });
  ASSERT_TRUE(aws->launch(request("l-1")).ok());
  ASSERT_TRUE(aws->launch(request("l-2", "m7g.large", Purchase::spot)).ok());
  const auto made = fake_.instances();
  EXPECT_EQ(
      value(made[0], "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"),
      "cr-0a");
  EXPECT_EQ(value(made[0], "InstanceMarketOptions.MarketType"), "capacity-block");
  EXPECT_EQ(
      value(made[1], "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"),
      "(none)");
}

TEST_F(AwsProviderTest, WhatNoInstanceCouldDoIsRefusedBeforeItCosts) {
  const auto aws = provider();
  provider::LaunchRequest wrong = request();
  wrong.agent_arguments = {"--store=file:///home/ana/store"};
  EXPECT_EQ(aws->launch(wrong).error().code, Code::invalid_argument);
  wrong = request();
  wrong.nodes = 2;
  EXPECT_EQ(aws->launch(wrong).error().code, Code::invalid_argument);
  wrong = request();
  wrong.secrets["BIG"] = std::string(20'000, 'x');
  EXPECT_EQ(aws->launch(wrong).error().code, Code::invalid_argument);
  const auto without = provider([](AwsOptions& o) { o.agent = nullptr; });
  EXPECT_NE(without->launch(request()).error().hint.find("aws.yaml"), std::string::npos);
  EXPECT_TRUE(fake_.instances().empty());
}

TEST_F(AwsProviderTest, WhatWasRecordedIsPlayedAgainAndHoldsNoSecret) {
  std::vector<cloud::Exchange> record;
  const auto aws = provider([&](AwsOptions& options) {
    options.network.record = [&record](const cloud::Exchange& exchange) { record.push_back(exchange); };
  });
  const auto launched = aws->launch(request());
  ASSERT_TRUE(launched.ok());
  ASSERT_EQ(provider::list_all(*aws, request().owner).size(), 1U);
  for (const cloud::Exchange& each : record) {
    const std::string text = to_text(to_json(each));
    for (const char* secret : {"hunter2", "Signature=", "IyEvYmlu"})
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
  }
  const auto played =
      provider([&](AwsOptions& options) { options.network.transport = cloud::replayed(record); });
  const auto again = played->launch(request());
  ASSERT_TRUE(again.ok()) << describe(again.error());
  EXPECT_EQ(again->ref, launched->ref);
  EXPECT_EQ(provider::list_all(*played, request().owner).at(0).ref, launched->ref);
}

TEST_F(AwsProviderTest, WhatThereIsNoAgentForIsNotSold) {
  const auto types = [](AwsProvider& aws) {
    std::set<std::string> sold;
    const Result<std::vector<Offer>> offers = aws.offers({});
    for (const Offer& each : offers.value_or({})) sold.insert(each.instance_type);
    return sold;
  };
  EXPECT_EQ(types(*provider([](AwsOptions& o) { o.machines = {"x86_64"}; })),
            std::set<std::string>{"g5.xlarge"});
  EXPECT_EQ(types(*provider([](AwsOptions& o) {
              o.machines = {"x86_64"};
              o.region.agent = {{"aarch64", {"https://s/a", std::string(64, 'a')}}};
            })),
            std::set<std::string>{"m7g.large"})
      << "the file comes first";
  EXPECT_EQ(types(*provider()).size(), 2U);
}

// A small broker that looks before it acts, against a region that fails at every step. Whatever happens: one
// instance for each lease, nothing left after one sweep, nobody else's touched.
TEST_F(AwsProviderTest, FaultsOfManySeedsLeaveNoDuplicateAndNoOrphan) {
  constexpr int seeds = 300;
  for (int seed = 0; seed < seeds; ++seed) {
    Random random(static_cast<std::uint64_t>(seed) + 1);
    FakeEc2 region(
        [this] { return clock_.now(); },
        {.ends_in = seconds(5), .lists_after = seconds(static_cast<int>(random.below(50))), .page_size = 3});
    region.set_capacity("m7g.large", 4);
    const std::string stranger = region.add_foreign({{"Name", "web"}}).id;
    const auto open = [&] {
      return provider([&](AwsOptions& o) {
        o.network.transport = region.transport();
        o.network.retry.attempts_max = 2;
      });
    };
    auto aws = open();
    const OwnerId owner = request().owner;
    for (int lease = 0; lease < 6; ++lease) {
      for (const char* action : {"RunInstances", "DescribeInstances", "TerminateInstances"}) {
        if (random.below(3) == 0) region.lose_reply(action);
        if (random.below(4) == 0) region.refuse(action, 2, 503, "RequestLimitExceeded");
        if (random.below(5) == 0) region.refuse(action, 1, 500, "InternalError");
      }
      for (int attempt = 0; attempt < 3; ++attempt) {
        if (random.below(4) == 0) aws = open();  // we crash
        if (aws->launch(request("l-" + std::to_string(lease))).ok()) break;
        clock_.advance(seconds(20));
      }
    }
    std::map<std::string, int> of_lease;
    for (const FakeEc2::Made& made : region.instances()) {
      if (made.tags.contains(lease_tag)) ++of_lease[made.tags.at(lease_tag)];
    }
    for (const auto& [lease, count] : of_lease) EXPECT_EQ(count, 1) << lease << " with seed " << seed;
    clock_.advance(minutes(2));  // one sweep, of which each call may fail and is asked again
    for (const char* action : {"RunInstances", "DescribeInstances", "TerminateInstances"})
      region.refuse(action, 0, 0, "");
    for (int look = 0; look < 200; ++look) {
      bool all = true;
      provider::PageToken page;
      do {
        const Result<InstancePage> listed = aws->instances(owner, page);
        all = all && listed.ok();
        if (!listed.ok()) break;
        for (const Instance& instance : listed->instances) {
          const auto ended = aws->terminate(instance.ref);
          all = all && ended.ok() && *ended == provider::TerminateState::done;
        }
        page = listed->next_page;
      } while (!page.empty());
      if (all) break;
      clock_.advance(seconds(3));
    }
    for (const FakeEc2::Made& made : region.instances())
      EXPECT_EQ(made.ending_since.has_value(), made.id != stranger) << made.id << " with seed " << seed;
  }
}

}  // namespace
}  // namespace tradewind::aws
