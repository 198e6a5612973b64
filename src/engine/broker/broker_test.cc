// What the loop shows and does when its state cannot be stored.
#include "engine/broker/broker.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tradewind::broker {
namespace {

// A store that refuses what it is told to refuse.
class RefusingStore final : public store::Store {
 public:
  Result<ClusterState> snapshot() override {
    if (refuse_snapshots) return full();
    return inner_->snapshot();
  }
  Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) override {
    if (refuse_commits) return full();
    return inner_->commit(version, events);
  }
  Result<std::vector<store::HistoryEntry>> history(const store::HistoryQuery& query) override {
    return inner_->history(query);
  }

  bool refuse_commits = false;
  bool refuse_snapshots = false;

 private:
  static Error full() { return {Code::unavailable, "no space left", "make space"}; }
  std::unique_ptr<store::Store> inner_ = store::make_memory_store(OwnerId("o"));
};

class IdleRunner final : public ActionRunner {
 public:
  void start(scheduler::Action /*action*/) override { ++started; }
  std::vector<scheduler::Observation> wait_until(Time time) override {
    waited_until = time;
    return {};
  }

  int started = 0;
  Time waited_until;
};

class FailingCommit : public ::testing::Test {
 protected:
  FailingCommit() {
    EXPECT_TRUE(broker_.load().ok());
    stored_ = broker_.state();
  }

  static BrokerParts parts(FailingCommit& test) {
    const auto one_offer = [](const scheduler::SurveyQuestion& /*question*/) {
      scheduler::FeasibleOffer feasible;
      feasible.offer.location = {"p", "r", "z"};
      feasible.offer.price_per_hour = Money::estimate(1);
      feasible.expected_usd = 1;
      feasible.work_s = feasible.sure_s = 3600;
      scheduler::Market market;
      market.offers = {feasible};
      return market;
    };
    return {test.store_,
            test.runner_,
            test.clock_,
            one_offer,
            {},
            scheduler::decide,
            [&test](const scheduler::Answer& answer) { test.answers_.push_back(answer); }};
  }
  std::vector<scheduler::Observation> submission() {
    JobSpec spec;
    spec.run = "true";
    return {scheduler::SubmitCommand{++ticket_, JobId("j-" + std::to_string(ticket_)), spec, "home"}};
  }

  RefusingStore store_;
  IdleRunner runner_;
  ManualClock clock_{Time(Duration(1'000'000'000))};
  std::vector<scheduler::Answer> answers_;
  std::uint64_t ticket_ = 0;
  Broker broker_{parts(*this)};
  ClusterState stored_;
};

TEST_F(FailingCommit, shows_at_once_what_is_stored_and_nothing_of_what_was_decided) {
  store_.refuse_commits = true;
  const std::uint64_t changes = broker_.changes();
  EXPECT_EQ(broker_.turn(submission()).error().code, Code::unavailable);
  EXPECT_TRUE(broker_.is_readable());
  EXPECT_EQ(broker_.state(), stored_);
  EXPECT_GT(broker_.changes(), changes) << "readers look again";
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].value.error().message, "nothing was stored: no space left");
  EXPECT_EQ(runner_.started, 0);
}

TEST_F(FailingCommit, waits_before_it_tries_again_and_then_goes_on) {
  store_.refuse_commits = true;
  EXPECT_FALSE(broker_.turn(submission()).ok());
  (void)broker_.wait();
  EXPECT_EQ(runner_.waited_until, clock_.now() + Duration(1000));
  store_.refuse_commits = false;
  ASSERT_TRUE(broker_.turn(submission()).ok());
  EXPECT_EQ(broker_.state().jobs.size(), 1U);
  EXPECT_EQ(answers_.back().value.value(), "j-2");
}

TEST_F(FailingCommit, is_not_readable_while_the_state_cannot_be_read_either) {
  store_.refuse_commits = true;
  store_.refuse_snapshots = true;
  EXPECT_FALSE(broker_.turn(submission()).ok());
  EXPECT_FALSE(broker_.is_readable());
  EXPECT_FALSE(broker_.turn(submission()).ok());
  EXPECT_EQ(answers_.size(), 2U);
  store_.refuse_snapshots = false;
  store_.refuse_commits = false;
  ASSERT_TRUE(broker_.turn({}).ok());
  EXPECT_TRUE(broker_.is_readable());
  EXPECT_EQ(broker_.state(), stored_);
}

}  // namespace
}  // namespace tradewind::broker
