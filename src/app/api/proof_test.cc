#include "app/api/proof.h"

#include <gtest/gtest.h>

namespace tradewind::api {
namespace {

// Builds a job's past step by step: claims, steps, checkpoints.
class Past {
 public:
  void claim(const std::string& lease, const std::string& restored_digest) {
    record(LedgerKind::claim, lease, ++epoch_);
    LeaseView view;
    view.id = LeaseId(lease);
    view.attempt = static_cast<int>(epoch_);
    view.location = "local/" + lease;
    view.restored_digest = restored_digest;
    input.leases.push_back(view);
  }
  void steps(int from, int to, int stride = 1) {
    for (int step = from; step <= to; step += stride) {
      ProgressPoint point;
      point.lease = input.leases.back().id;
      point.step = step;
      input.progress.push_back(point);
      input.leases.back().last_step = step;
    }
  }
  void save(int step, const std::string& digest) {
    record(LedgerKind::checkpoint, input.leases.back().id.text(), epoch_);
    input.ledger.back().step = step;
    input.ledger.back().manifest = ManifestId("manifest-" + digest);
    input.digests["manifest-" + digest] = digest;
    input.leases.back().saved_step = step;
    input.leases.back().saved_digest = digest;
  }
  void finish() { record(LedgerKind::finish, input.leases.back().id.text(), epoch_); }

  ProofInput input;

 private:
  void record(LedgerKind kind, const std::string& lease, std::uint64_t epoch) {
    LedgerRecord record;
    record.number = input.ledger.size() + 1;
    record.kind = kind;
    record.epoch = epoch;
    record.lease = LeaseId(lease);
    input.ledger.push_back(record);
  }
  std::uint64_t epoch_ = 0;
};

// Lost at step 130 with a checkpoint of 100, moved at 250, done at 400.
Past eventful() {
  Past past;
  past.claim("a", "");
  past.steps(1, 100);
  past.save(100, "d100");
  past.steps(101, 130);
  past.claim("b", "d100");
  past.steps(101, 250);
  past.save(250, "d250");
  past.claim("c", "d250");
  past.steps(251, 400);
  past.save(400, "d400");
  past.finish();
  return past;
}

TEST(ProofTest, EachStepCountsOnceWhateverWasRedone) {
  const Proof proof = prove(eventful().input);
  EXPECT_EQ(proof.problems, std::vector<std::string>{});
  EXPECT_EQ(proof.counted_steps, 400u);
  EXPECT_EQ(proof.missing_steps, 0u);
  EXPECT_EQ(proof.repeated_steps, 0u);
  EXPECT_EQ(proof.redone_steps, 30);
  ASSERT_EQ(proof.epochs.size(), 3u);
  EXPECT_EQ(proof.epochs[0].to_step, 100);
  EXPECT_EQ(proof.epochs[0].last_step, 130);
  EXPECT_EQ(proof.epochs[1].from_step, 100);
  EXPECT_EQ(proof.epochs[1].location, "local/b");
  EXPECT_EQ(proof.last_step, 400);
}

TEST(ProofTest, AStepThatNobodyCountedIsMissing) {
  Past past = eventful();
  std::erase_if(past.input.progress, [](const ProgressPoint& point) { return point.step == 200; });
  const Proof proof = prove(past.input);
  EXPECT_EQ(proof.missing_steps, 1u);
  ASSERT_EQ(proof.problems.size(), 1u);
  EXPECT_EQ(proof.problems[0], "epoch 2 reported 149 of the 150 steps between 100 and 250");
}

TEST(ProofTest, AStepReportedTwiceInOneEpochIsSaid) {
  Past past = eventful();
  past.input.progress.push_back(past.input.progress.back());
  const Proof proof = prove(past.input);
  EXPECT_EQ(proof.repeated_steps, 1u);
  EXPECT_EQ(proof.problems.size(), 1u);
}

TEST(ProofTest, ARestoredStateThatDiffersIsSaid) {
  Past past = eventful();
  past.input.leases[1].restored_digest = "other";
  const Proof proof = prove(past.input);
  EXPECT_FALSE(proof.epochs[1].digest_equal);
  ASSERT_EQ(proof.problems.size(), 1u);
  EXPECT_NE(proof.problems[0].find("epoch 2 restored a state"), std::string::npos);
}

TEST(ProofTest, APrunedCheckpointIsComparedWithWhatItsWriterReported) {
  Past past = eventful();
  past.input.digests.erase("manifest-d250");
  EXPECT_EQ(prove(past.input).problems, std::vector<std::string>{});
  past.input.digests.erase("manifest-d100");
  EXPECT_EQ(prove(past.input).problems, std::vector<std::string>{});
  past.input.leases[0].saved_step = 50;  // its status was older than its last checkpoint
  EXPECT_EQ(prove(past.input).problems.size(), 1u);
}

TEST(ProofTest, AnAgentThatDiedRightAfterItsClaimProvesNothingAndHarmsNothing) {
  Past past;
  past.claim("a", "");
  past.steps(1, 50);
  past.save(50, "d50");
  past.claim("b", "");
  past.claim("c", "d50");
  past.steps(51, 80);
  const Proof proof = prove(past.input);
  EXPECT_EQ(proof.problems, std::vector<std::string>{});
  EXPECT_EQ(proof.counted_steps, 80u);
}

TEST(ProofTest, AProgramMayReportEachTenthStep) {
  Past past;
  past.claim("a", "");
  past.steps(10, 100, 10);
  past.save(100, "d");
  past.claim("b", "d");
  past.steps(110, 200, 10);
  const Proof proof = prove(past.input);
  EXPECT_EQ(proof.step_stride, 10);
  EXPECT_EQ(proof.counted_steps, 20u);
  EXPECT_EQ(proof.problems, std::vector<std::string>{});
}

TEST(ProofTest, AGapOrAForeignRecordInTheLedgerIsSaid) {
  Past gap = eventful();
  gap.input.ledger.erase(gap.input.ledger.begin() + 1);
  EXPECT_FALSE(prove(gap.input).problems.empty());
  Past foreign = eventful();
  foreign.input.ledger[3].epoch = 1;
  EXPECT_FALSE(prove(foreign.input).problems.empty());
}

TEST(ProofTest, AJobThatHasNotBegunIsNotProven) {
  EXPECT_EQ(prove({}).problems.size(), 1u);
}

TEST(ProofTest, ComesBackFromJson) {
  Past past = eventful();
  past.input.leases[1].restored_digest = "other";
  const Proof proof = prove(past.input);
  const Result<Proof> back = proof_from_json(to_json(proof), "proof");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, proof);
}

}  // namespace
}  // namespace tradewind::api
