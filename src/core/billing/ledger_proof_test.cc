#include "core/billing/ledger_proof.h"

#include <gtest/gtest.h>

#include "core/billing/testing/story.h"

namespace tradewind::billing {
namespace {

using Problems = std::vector<std::string>;

// What is wrong with the story after a change to it.
template <class F>
Problems problems_after(F&& change) {
  ReceiptInput input = story();
  change(input);
  return prove(input.ledger, input.leases, input.digests).problems;
}

LeaseRecord& lease_of(ReceiptInput& input, const char* id) {
  for (LeaseRecord& lease : input.leases) {
    if (lease.id.text() == id) return lease;
  }
  return input.leases.front();
}

TEST(LedgerProof, EachStepIsCountedOnceAndWhatWasLostWasDoneAgain) {
  const ReceiptInput input = story();
  const LedgerProof proof = prove(input.ledger, input.leases, {});
  EXPECT_EQ(proof.problems, Problems{});
  EXPECT_TRUE(proof.proven());
  ASSERT_EQ(proof.epochs.size(), 3u);
  const double expected[3][4] = {{0, 100, 130, 30}, {100, 200, 200, 0}, {200, 300, 300, 0}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(proof.epochs[i].from, expected[i][0]);
    EXPECT_EQ(proof.epochs[i].to, expected[i][1]);
    EXPECT_EQ(proof.epochs[i].done, expected[i][2]);
    EXPECT_EQ(proof.epochs[i].redone, expected[i][3]);
    EXPECT_EQ(proof.epochs[i].is_digest_equal, i > 0);
  }
  EXPECT_EQ(proof.epochs[1].restored, ManifestId("manifest-3"));
  EXPECT_EQ(proof.epochs[1].saved_digest, "digest-100");
  EXPECT_EQ(proof.epochs[1].restored_digest, "digest-100");
  EXPECT_EQ(proof.first_step, 0);
  EXPECT_EQ(proof.last_step, 300);
  EXPECT_EQ(proof.redone_steps, 30);
  EXPECT_EQ(proof.records, 8u);
  EXPECT_EQ(proof.checkpoints, 4u);
  EXPECT_TRUE(proof.is_finished);
}

TEST(LedgerProof, ARestoreOfOtherBytesIsFound) {
  EXPECT_EQ(problems_after(
                [](ReceiptInput& input) { lease_of(input, "l-2").status->restored_digest = "digest-99"; }),
            Problems{"epoch 2 restored other bytes than were saved"});
  EXPECT_EQ(
      problems_after([](ReceiptInput& input) { input.digests[ManifestId("manifest-3")] = "digest-99"; }),
      Problems{"epoch 2 restored other bytes than were saved"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { lease_of(input, "l-2").status->restored_digest = ""; }),
            Problems{"epoch 2 does not say what it restored"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { lease_of(input, "l-1").status->saved_digest = ""; }),
            Problems{"epoch 2 restored a checkpoint whose digest is not known"});
}

TEST(LedgerProof, ADigestFromTheManifestsServesWhenTheLeaseToldNone) {
  EXPECT_EQ(problems_after([](ReceiptInput& input) {
              lease_of(input, "l-1").status->saved_digest = "";
              input.digests[ManifestId("manifest-3")] = "digest-100";
            }),
            Problems{});
}

TEST(LedgerProof, AProgramThatBeganElsewhereThanTheChainSaysIsFound) {
  EXPECT_EQ(problems_after([](ReceiptInput& input) { lease_of(input, "l-2").first_step = 110; }),
            Problems{"epoch 2 began at step 110, but the chain had saved step 100"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { lease_of(input, "l-1").first_step = 0.5; }),
            Problems{"epoch 1 began at step 0.5, but the chain had saved step 0"});
}

TEST(LedgerProof, ABrokenChainIsFound) {
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[1].number = 3; }),
            Problems{"record 3 stands in the place of 2"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[2].step = 40; }).front(),
            "record 3 saves step 40, behind step 50 that was saved before it");
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[4].epoch = 1; }),
            Problems{"record 5 was written by lease l-2, which does not hold the job"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[4].lease = LeaseId("l-1"); }).front(),
            "record 5 was written by lease l-1, which does not hold the job");
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[3].epoch = 5; }).front(),
            "record 4 claims epoch 5 where 2 is next");
  EXPECT_EQ(problems_after([](ReceiptInput& input) {
              input.ledger.push_back(story_record(9, LedgerKind::checkpoint, 3, 310));
            }),
            Problems{"record 9 stands after the finish"});
  EXPECT_EQ(problems_after([](ReceiptInput& input) { input.ledger[5].lease = LeaseId("l-9"); }).back(),
            "epoch 3 was claimed by lease l-9, which is unknown");
}

TEST(LedgerProof, WithoutAClaimNothingIsProven) {
  const LedgerProof proof = prove({}, {}, {});
  EXPECT_FALSE(proof.proven());
  EXPECT_EQ(proof.problems, Problems{"nobody has claimed the job"});
}

TEST(LedgerProof, AnEpochThatNeverRanItsProgramHarmsNothing) {
  ReceiptInput input = story();
  LeaseRecord& second = lease_of(input, "l-2");
  second.status->program_started_at = std::nullopt;
  second.status->restored_digest = "";
  second.first_step = second.last_step = 0;
  input.ledger.erase(input.ledger.begin() + 4);
  for (std::size_t i = 4; i < input.ledger.size(); ++i) input.ledger[i].number = i + 1;
  LeaseRecord& third = lease_of(input, "l-3");
  third.first_step = 100;
  third.status->restored_digest = "digest-100";
  const LedgerProof proof = prove(input.ledger, input.leases, {});
  EXPECT_EQ(proof.problems, Problems{});
  EXPECT_EQ(proof.epochs[1].from, proof.epochs[1].to);
}

}  // namespace
}  // namespace tradewind::billing
