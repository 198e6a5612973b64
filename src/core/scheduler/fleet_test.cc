// Many jobs at a supplier that takes many at once and lets them wait, and jobs of several nodes.
#include "core/scheduler/testing/scheduler_fixture.h"

namespace tradewind::scheduler {
namespace {

class Fleet : public Scheduler {
 protected:
  Decisions submit_many(int count, int nodes = 1) {
    std::vector<Observation> commands;
    for (int i = 0; i < count; ++i) {
      JobSpec spec = job_named("j").spec;
      spec.num_nodes = nodes;
      const std::string id = "j-" + std::to_string(i);
      commands.emplace_back(SubmitCommand{static_cast<std::uint64_t>(i + 1), JobId(id), spec, "home"});
    }
    return step(commands);
  }
};

TEST_F(Fleet, OnlySoManyLaunchesAreUnderWayAtOnce) {
  EXPECT_EQ(actions_of<Launch>(submit_many(40)).size(), 16U) << "eight on each offer";
}

TEST_F(Fleet, WhoTakesManyInOneCallGetsOneCallAndTheNext) {
  working_.suppliers["local"].batch_max = 10;
  EXPECT_EQ(actions_of<Launch>(submit_many(60)).size(), 40U) << "two calls on each offer";
}

TEST_F(Fleet, OfThousandsThatWaitInAQueueTheMailboxesAreReadSeldom) {
  working_.suppliers["local"].batch_max = 1000;
  working_.tempo.queued_poll = Duration(100);
  std::vector<Observation> replies;
  for (const Launch& launch : actions_of<Launch>(submit_many(100)))
    replies.emplace_back(
        LaunchReply{launch.lease, {launch.offer.location, InstanceId("i-" + launch.lease.text())}, now_, {}});
  ASSERT_EQ(replies.size(), 100U);
  step(replies);
  Listing listing{"local", now_, {}, std::nullopt};
  for (const auto& [id, lease] : state_.leases) {
    listing.instances.push_back(running(lease, *lease.launched_at));
    listing.instances.back().state = InstanceState::pending;
  }
  std::vector<Observation> read;
  for (const auto& [id, job] : state_.jobs) read.emplace_back(MailboxReading{id, now_, std::nullopt, {}, {}});
  read.emplace_back(listing);
  step(read);
  // One hundred, 0.1 s for each: within ten seconds each is read once more, and not every second.
  std::size_t readings = 0;
  std::vector<Observation> answers;
  for (int second = 0; second < 9; ++second) {
    const std::vector<ReadMailbox> asked = actions_of<ReadMailbox>(step(answers));
    readings += asked.size();
    answers.clear();
    for (const ReadMailbox& each : asked)
      answers.emplace_back(MailboxReading{each.job, now_, std::nullopt, {}, {}});
  }
  EXPECT_LE(readings, 100U);
  step(answers);
  // One has begun, as its supplier says: it is read at the usual pace from then on.
  listing.asked_at = now_;
  listing.instances.front().state = InstanceState::running;
  const JobId begun = state_.leases.at(LeaseId(listing.instances.front().token)).job;
  std::vector<ReadMailbox> now = actions_of<ReadMailbox>(step({listing}));
  for (const ReadMailbox& each : actions_of<ReadMailbox>(step({}))) now.push_back(each);
  EXPECT_TRUE(std::ranges::any_of(now, [&](const ReadMailbox& each) { return each.job == begun; }));
}

TEST_F(Fleet, ALeaseCostsWhatAllOfItsNodesCost) {
  submit_many(1, 3);
  EXPECT_EQ(only_lease().offer.price_per_hour, *Money::parse("0.30"));
}

TEST_F(Fleet, AJobOfSeveralNodesIsRefusedWhereNobodyGivesThem) {
  for (Offer& offer : working_.offers) offer.nodes_max = 1;
  const Decisions decisions = submit_many(1, 2);
  ASSERT_FALSE(decisions.answers.front().value.ok());
  EXPECT_NE(decisions.answers.front().value.error().message.find("takes jobs of one node alone"),
            std::string::npos)
      << decisions.answers.front().value.error().message;
}

}  // namespace
}  // namespace tradewind::scheduler
