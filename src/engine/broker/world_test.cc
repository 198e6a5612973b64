// What is done for encrypted jobs, whatever their stores hold.
#include "engine/broker/world.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::broker {
namespace {

using objectstore::ObjectStore;

// Answers each launch with an instance of its token, and keeps the request.
class NotingProvider final : public provider::Provider {
 public:
  const provider::Capabilities& capabilities() const override { return facts; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& /*query*/) override {
    return std::vector<Offer>();
  }
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override {
    requests.push_back(request);
    return provider::Launched{{request.offer.location, InstanceId(request.token)}, Time()};
  }
  Result<InstancePage> instances(const OwnerId& /*owner*/, const provider::PageToken& /*page*/) override {
    return InstancePage{};
  }
  Result<provider::TerminateState> terminate(const InstanceRef& /*instance*/) override {
    return provider::TerminateState::done;
  }

  std::vector<provider::LaunchRequest> requests;
  provider::Capabilities facts;
};

class EncryptedJob : public testing::Test {
 protected:
  EncryptedJob() {
    world_.owner = OwnerId("o-1");
    world_.clock = &clock_;
    world_.providers["p"] = &provider_;
    world_.stores["home"] = home_.get();
    world_.stores["further"] = further_.get();
    launch_.lease = LeaseId("l-1");
    launch_.job = JobId("j-1");
    launch_.home = "home";
    launch_.spec.run = "true";
    launch_.spec.checkpoint.encrypt = true;
    launch_.spec.checkpoint.stores = {"home", "further"};
    launch_.offer.location = {"p", "r", "z"};
  }

  // Views are a store of their own here: what is written past them shows in `home_`.
  void give_key() {
    JobSeals seals;
    seals.begin = [this](const std::vector<ObjectStore*>& stores, const std::string& prefix) {
      begun_ = stores;
      prefix_ = prefix;
      return Status();
    };
    seals.withdraw = [](const std::vector<ObjectStore*>&, const std::string&) {};
    seals.view = [this](ObjectStore& store, ObjectStore& home, const std::string&) -> Result<ObjectStore*> {
      EXPECT_EQ(&home, home_.get());
      return &store == home_.get() ? sealed_.get() : further_.get();
    };
    seals.agent_secrets = [](ObjectStore&, const std::string&) {
      return Result(std::map<std::string, std::string>{{"JOB_KEY", "the key"}});
    };
    world_.seals = seals;
  }

  scheduler::LaunchReply launched() { return std::get<scheduler::LaunchReply>(perform(world_, launch_)); }
  static bool is_empty(ObjectStore& store) { return store.list("", "")->objects.empty(); }

  ManualClock clock_{Time()};
  NotingProvider provider_;
  std::unique_ptr<ObjectStore> home_ = objectstore::make_memory_store();
  std::unique_ptr<ObjectStore> further_ = objectstore::make_memory_store();
  std::unique_ptr<ObjectStore> sealed_ = objectstore::make_memory_store();
  World world_;
  scheduler::Launch launch_;
  std::vector<ObjectStore*> begun_;
  std::string prefix_;
};

TEST_F(EncryptedJob, WithoutAKeyNothingIsLaunchedAndNothingIsWritten) {
  const scheduler::LaunchReply reply = launched();
  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->code, Code::unavailable) << "another code shuts the offer for all jobs";
  EXPECT_TRUE(provider_.requests.empty());
  const auto read = std::get<scheduler::MailboxReading>(
      perform(world_, scheduler::ReadMailbox{launch_.job, "home", 0, {}, true}));
  EXPECT_EQ(read.error->code, Code::unavailable);
  const auto order = std::get<scheduler::OrderWritten>(
      perform(world_, scheduler::WriteOrder{launch_.job, "home", launch_.lease, {}, true}));
  EXPECT_EQ(order.error->code, Code::unavailable);
  EXPECT_TRUE(is_empty(*home_));
  EXPECT_EQ(begin_seal(world_, {launch_.job, "home", true}, {}).error().code, Code::invalid_argument);
}

TEST_F(EncryptedJob, IsWrittenThroughItsViewAndItsKeyGoesToTheAgentAlone) {
  give_key();
  EXPECT_FALSE(launched().error);
  ASSERT_EQ(provider_.requests.size(), 1U);
  const provider::LaunchRequest& request = provider_.requests.front();
  EXPECT_EQ(request.secrets, (std::map<std::string, std::string>{{"JOB_KEY", "the key"}}));
  EXPECT_EQ(request.agent_arguments.back(), "--encrypted");
  for (const std::string& argument : request.agent_arguments) {
    EXPECT_EQ(argument.find("the key"), std::string::npos) << argument;
  }
  EXPECT_TRUE(mailbox::Mailbox(*sealed_, world_.owner, launch_.job).read_spec().ok());
  const auto read = std::get<scheduler::MailboxReading>(
      perform(world_, scheduler::ReadMailbox{launch_.job, "home", 0, {}, true}));
  EXPECT_FALSE(read.error);
  EXPECT_TRUE(is_empty(*home_));
}

TEST_F(EncryptedJob, GetsItsDataKeyInAllOfItsStores) {
  give_key();
  ASSERT_TRUE(begin_seal(world_, {launch_.job, "home", true}, {"further"}).ok());
  EXPECT_EQ(begun_, (std::vector<ObjectStore*>{home_.get(), further_.get()}));
  EXPECT_EQ(prefix_, "tradewind/o-1/jobs/j-1/");
}

TEST_F(EncryptedJob, APlainJobHasNoSecrets) {
  give_key();
  launch_.spec.checkpoint.encrypt = false;
  EXPECT_FALSE(launched().error);
  EXPECT_TRUE(provider_.requests.front().secrets.empty());
  EXPECT_TRUE(mailbox::Mailbox(*home_, world_.owner, launch_.job).read_spec().ok());
}

TEST(OutOfReach, IsAFolderForInstancesThatSeeNone) {
  NotingProvider pods;
  pods.facts.provider = "kubernetes";
  pods.facts.only_region = "lab";
  NotingProvider hosts;
  hosts.facts.provider = "local";
  World world;
  world.providers = {{"kubernetes/lab", &pods}, {"local", &hosts}};
  world.agent_store_urls["home"] = "file:///home/ana/stores";
  const Location lab{"kubernetes", "lab", ""};
  JobSpec spec;
  EXPECT_EQ(out_of_reach(world, spec, "home", lab), "") << "only of those who say so";
  pods.facts.network_stores_only = true;
  const std::string why = out_of_reach(world, spec, "home", lab);
  EXPECT_NE(why.find("kubernetes/lab"), std::string::npos) << why;
  EXPECT_NE(why.find("file:///home/ana/stores"), std::string::npos) << why;
  EXPECT_NE(why.find("checkpoint.stores"), std::string::npos) << why;
  EXPECT_EQ(out_of_reach(world, spec, "home", {"local", "here", ""}), "");
  EXPECT_EQ(out_of_reach(world, spec, "s3://bucket/runs", lab), "");
  spec.checkpoint.stores = {"s3://bucket/runs", "file:///mnt/copies"};
  EXPECT_NE(out_of_reach(world, spec, "s3://bucket/runs", lab).find("file:///mnt/copies"), std::string::npos);
  spec.checkpoint.stores = {"s3://bucket/runs"};
  spec.file_mounts["data"].source = "file:///mnt/data";
  EXPECT_NE(out_of_reach(world, spec, "s3://bucket/runs", lab).find("file:///mnt/data"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::broker
