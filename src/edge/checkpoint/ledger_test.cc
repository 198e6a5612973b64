#include "edge/checkpoint/ledger.h"

#include <gtest/gtest.h>

#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::FaultStore;
using objectstore::Operation;
using objectstore::PutCondition;

constexpr const char* prefix = "tradewind/o/jobs/j-1/";
const LeaseId first_lease("l-first");
const LeaseId second_lease("l-second");

std::string key(std::uint64_t number) {
  return std::string(prefix) + "ledger/" + mailbox::eight_digits(number);
}

LedgerRecord record(std::uint64_t number, LedgerKind kind, std::uint64_t epoch, const LeaseId& lease) {
  LedgerRecord made;
  made.number = number;
  made.kind = kind;
  made.epoch = epoch;
  made.lease = lease;
  made.nonce = "n" + std::to_string(number);
  return made;
}

// A view of a job that the first lease holds with a checkpoint: records 1 and 2.
LedgerView held() {
  LedgerView view;
  EXPECT_TRUE(fold(view, record(1, LedgerKind::claim, 1, first_lease)).ok());
  EXPECT_TRUE(fold(view, record(2, LedgerKind::checkpoint, 1, first_lease)).ok());
  return view;
}

void expect_refused(LedgerView view, const LedgerRecord& refused) {
  const LedgerView before = view;
  const Status folded = fold(view, refused);
  ASSERT_FALSE(folded.ok());
  EXPECT_EQ(folded.error().code, Code::corrupt);
  EXPECT_NE(folded.error().message.find(std::to_string(refused.number)), std::string::npos);
  EXPECT_EQ(view.number, before.number);
  EXPECT_EQ(view.epoch, before.epoch);
}

TEST(LedgerFold, TellsHolderEpochAndNewestCheckpoint) {
  LedgerView view = held();
  EXPECT_EQ(view.holder, first_lease);
  EXPECT_EQ(view.saved->number, 2U);
  ASSERT_TRUE(fold(view, record(3, LedgerKind::claim, 2, second_lease)).ok());
  EXPECT_EQ(view.epoch, 2U);
  EXPECT_EQ(view.holder, second_lease);
  EXPECT_EQ(view.saved->number, 2U) << "a claim takes over the checkpoint of the epoch before";
  ASSERT_TRUE(fold(view, record(4, LedgerKind::finish, 2, second_lease)).ok());
  EXPECT_TRUE(view.finish.has_value());
}

TEST(LedgerFold, RefusesAGapAndARepetition) {
  expect_refused(held(), record(4, LedgerKind::checkpoint, 1, first_lease));
  expect_refused(held(), record(2, LedgerKind::checkpoint, 1, first_lease));
  expect_refused({}, record(2, LedgerKind::claim, 1, first_lease));
}

TEST(LedgerFold, RefusesClaimsThatDoNotRaiseTheEpochByOne) {
  expect_refused(held(), record(3, LedgerKind::claim, 1, second_lease));
  expect_refused(held(), record(3, LedgerKind::claim, 3, second_lease));
  expect_refused({}, record(1, LedgerKind::claim, 2, first_lease));
}

TEST(LedgerFold, RefusesRecordsOfWhoeverDoesNotHoldTheJob) {
  expect_refused({}, record(1, LedgerKind::checkpoint, 1, first_lease));
  expect_refused(held(), record(3, LedgerKind::checkpoint, 1, second_lease));
  expect_refused(held(), record(3, LedgerKind::checkpoint, 2, first_lease));
  LedgerView view = held();
  ASSERT_TRUE(fold(view, record(3, LedgerKind::claim, 2, second_lease)).ok());
  expect_refused(view, record(4, LedgerKind::checkpoint, 1, first_lease));
  expect_refused(view, record(4, LedgerKind::finish, 1, first_lease));
}

TEST(LedgerFold, RefusesAnythingAfterTheFinish) {
  LedgerView view = held();
  ASSERT_TRUE(fold(view, record(3, LedgerKind::finish, 1, first_lease)).ok());
  expect_refused(view, record(4, LedgerKind::checkpoint, 1, first_lease));
  expect_refused(view, record(4, LedgerKind::claim, 2, second_lease));
  expect_refused(view, record(4, LedgerKind::finish, 1, first_lease));
}

// A chain of a claim and two checkpoints.
std::unique_ptr<objectstore::ObjectStore> store_with_three() {
  auto store = objectstore::make_memory_store();
  LedgerWriter writer(*store, prefix, first_lease);
  EXPECT_TRUE(writer.claim(Time{}, 1).ok());
  EXPECT_TRUE(writer.append_checkpoint(Time{}, ManifestId("m1"), "", 1).ok());
  EXPECT_TRUE(writer.append_checkpoint(Time{}, ManifestId("m2"), "", 2).ok());
  return store;
}

TEST(LedgerRead, ReadsFromANumberUpToTheFirstGap) {
  const auto store = store_with_three();
  EXPECT_EQ(read_ledger(*store, prefix, 0)->size(), 3U);
  EXPECT_EQ(read_ledger(*store, prefix, 2)->size(), 1U);
  EXPECT_EQ(read_ledger(*store, prefix, 3)->size(), 0U);
  ASSERT_TRUE(store->remove(key(2)).ok());
  EXPECT_EQ(read_ledger(*store, prefix, 0)->size(), 1U);
}

TEST(LedgerRead, ACutOrDamagedRecordIsCorruptByName) {
  const auto whole = store_with_three()->get(key(2)).value_or("");
  ASSERT_GT(whole.size(), 10U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto store = store_with_three();
    ASSERT_TRUE(store->put(key(2), whole.substr(0, size), PutCondition::always).ok());
    const auto records = read_ledger(*store, prefix, 0);
    ASSERT_FALSE(records.ok()) << "cut to " << size;
    EXPECT_EQ(records.error().code, Code::corrupt);
    EXPECT_NE(records.error().message.find(key(2)), std::string::npos) << records.error().message;
  }
}

TEST(LedgerRead, ARecordUnderAnotherNumberIsCorrupt) {
  const auto store = store_with_three();
  ASSERT_TRUE(store->put(key(2), *store->get(key(3)), PutCondition::always).ok());
  EXPECT_EQ(read_ledger(*store, prefix, 0).error().code, Code::corrupt);
}

TEST(LedgerRead, MoreThanOnePageIsRead) {
  const auto store = objectstore::make_memory_store();
  LedgerWriter writer(*store, prefix, first_lease);
  ASSERT_TRUE(writer.claim(Time{}, 1).ok());
  for (int i = 0; i < 1100; ++i) {
    LedgerRecord more = record(static_cast<std::uint64_t>(i) + 2, LedgerKind::checkpoint, 1, first_lease);
    more.manifest = ManifestId("m");
    ASSERT_TRUE(store->put(key(more.number), to_text(to_json(more)), PutCondition::if_absent).ok());
  }
  EXPECT_EQ(read_ledger(*store, prefix, 0)->size(), 1101U);
}

TEST(LedgerWriter, AnOlderWriterIsFencedByANewerClaim) {
  const auto store = objectstore::make_memory_store();
  LedgerWriter old_writer(*store, prefix, first_lease);
  LedgerWriter new_writer(*store, prefix, second_lease);
  ASSERT_TRUE(old_writer.claim(Time{}, 1).ok());
  ASSERT_TRUE(new_writer.claim(Time{}, 2).ok());
  EXPECT_EQ(new_writer.epoch(), 2U);
  EXPECT_EQ(old_writer.append_checkpoint(Time{}, ManifestId("m"), "", 1).error().code, Code::fenced);
  EXPECT_EQ(old_writer.refresh().error().code, Code::fenced);
  EXPECT_EQ(old_writer.append_finish(Time{}, Outcome::failed, 1, "").error().code, Code::fenced);
  EXPECT_EQ(read_ledger(*store, prefix, 0)->size(), 2U);
}

TEST(LedgerWriter, AFinishedJobCannotBeClaimed) {
  const auto store = objectstore::make_memory_store();
  LedgerWriter writer(*store, prefix, first_lease);
  ASSERT_TRUE(writer.claim(Time{}, 1).ok());
  ASSERT_TRUE(writer.append_finish(Time{}, Outcome::failed, 3, "out of memory").ok());
  LedgerWriter late(*store, prefix, second_lease);
  EXPECT_EQ(late.claim(Time{}, 2).error().code, Code::fenced);
  EXPECT_EQ(late.view().finish->message, "out of memory");
  EXPECT_EQ(late.view().finish->exit_code, 3);
}

TEST(LedgerWriter, EveryLostReplyIsRecognisedOnTheNextTry) {
  const auto inner = objectstore::make_memory_store();
  bool lose = true;
  FaultStore store(*inner, [&lose](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::put || call.moment != FaultStore::Moment::after || !lose) return {};
    lose = false;
    return Error{Code::unavailable, "reply lost"};
  });
  LedgerWriter writer(store, prefix, first_lease);
  EXPECT_EQ(writer.claim(Time{}, 1).error().code, Code::unavailable);
  EXPECT_TRUE(writer.claim(Time{}, 1).ok());
  EXPECT_EQ(writer.epoch(), 1U);
  lose = true;
  EXPECT_EQ(writer.append_checkpoint(Time{}, ManifestId("m"), "", 5).error().code, Code::unavailable);
  EXPECT_EQ(writer.append_checkpoint(Time{}, ManifestId("m"), "", 5)->number, 2U);
  lose = true;
  EXPECT_EQ(writer.append_finish(Time{}, Outcome::succeeded, 0, "").error().code, Code::unavailable);
  EXPECT_EQ(writer.append_finish(Time{}, Outcome::succeeded, 0, "")->number, 3U);
  EXPECT_EQ(read_ledger(*inner, prefix, 0)->size(), 3U) << "nothing was written twice";
}

TEST(LedgerWriter, ADamagedChainStopsTheWriter) {
  const auto store = store_with_three();
  ASSERT_TRUE(store->put(key(3), "{}", PutCondition::always).ok());
  LedgerWriter writer(*store, prefix, second_lease);
  EXPECT_EQ(writer.claim(Time{}, 2).error().code, Code::corrupt);
  EXPECT_FALSE(store->stat(key(4)).ok()) << "nothing is written behind what cannot be read";
}

}  // namespace
}  // namespace tradewind::checkpoint
