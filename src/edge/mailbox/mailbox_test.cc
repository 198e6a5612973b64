#include "edge/mailbox/mailbox.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/testing/temporary_folder.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::mailbox {
namespace {

using objectstore::FaultStore;
using objectstore::PutCondition;
using objectstore::read_file;

const OwnerId owner("0123456789abcdef0123456789abcdef");
const JobId job("j-0123456789");
const LeaseId lease("l-0123456789abcdefghjk");

Time at(int seconds) {
  return Time(std::chrono::milliseconds(1795485127125)) + std::chrono::seconds(seconds);
}

Order order(std::uint64_t number, OrderKind kind) {
  Order made;
  made.number = number;
  made.kind = kind;
  made.issued_at = at(static_cast<int>(number));
  return made;
}

struct World {
  std::unique_ptr<objectstore::ObjectStore> store = objectstore::make_memory_store();
  Mailbox box{*store, owner, job};
  std::string key(const std::string& rest) const {
    return box_prefix + "leases/" + lease.text() + "/" + rest;
  }
  std::string box_prefix = job_prefix(owner, job);
};

TEST(Mailbox, KeysHaveTheDocumentedForm) {
  EXPECT_EQ(job_prefix(owner, job), "tradewind/0123456789abcdef0123456789abcdef/jobs/j-0123456789/");
  EXPECT_EQ(eight_digits(42), "00000042");
  World world;
  ASSERT_TRUE(world.box.write_log(lease, 1, "line\n").ok());
  ASSERT_TRUE(world.box.write_progress(lease, 1, "{}\n").ok());
  ASSERT_TRUE(world.box.write_order(lease, order(1, OrderKind::save)).ok());
  AgentStatus status;
  status.lease = lease;
  status.job = job;
  ASSERT_TRUE(world.box.write_status(status).ok());
  const auto page = world.store->list("", "");
  ASSERT_TRUE(page.ok());
  std::vector<std::string> keys;
  for (const auto& object : page->objects) keys.push_back(object.key);
  EXPECT_EQ(keys, (std::vector<std::string>{world.key("log/00000001"), world.key("orders/00000001"),
                                            world.key("progress/00000001"), world.key("status.json")}));
}

TEST(Mailbox, AStatusIsOverwrittenAndReadBack) {
  World world;
  EXPECT_EQ(world.box.read_status(lease).error().code, Code::not_found);
  AgentStatus status;
  status.lease = lease;
  status.job = job;
  for (std::uint64_t sequence = 1; sequence <= 2; ++sequence) {
    status.sequence = sequence;
    ASSERT_TRUE(world.box.write_status(status).ok());
    const auto back = world.box.read_status(lease);
    ASSERT_TRUE(back.ok()) << describe(back.error());
    EXPECT_EQ(*back, status);
  }
}

TEST(Mailbox, ADamagedStatusIsCorruptByName) {
  World world;
  for (const char* bytes : {"", "{", "{}", "[]", "{\"version\":1,\"lease\":\"l\"}"}) {
    ASSERT_TRUE(world.store->put(world.key("status.json"), bytes, PutCondition::always).ok());
    const auto status = world.box.read_status(lease);
    ASSERT_FALSE(status.ok()) << bytes;
    EXPECT_EQ(status.error().code, Code::corrupt);
    EXPECT_NE(status.error().message.find("status.json"), std::string::npos);
  }
}

TEST(Mailbox, RepeatingAnOrderSucceedsAndChangingItIsAConflict) {
  World world;
  ASSERT_TRUE(world.box.write_order(lease, order(1, OrderKind::save)).ok());
  EXPECT_TRUE(world.box.write_order(lease, order(1, OrderKind::save)).ok());
  EXPECT_EQ(world.box.write_order(lease, order(1, OrderKind::stop)).error().code, Code::conflict);
  EXPECT_EQ((*world.box.read_orders(lease, 0))[0].kind, OrderKind::save);
}

TEST(Mailbox, AnOrderWhoseReplyWasLostIsNotGivenTwice) {
  World world;
  bool lose = true;
  FaultStore store(*world.store, [&lose](const FaultStore::Call& call) -> Status {
    if (!lose || call.moment == FaultStore::Moment::before) return {};
    lose = false;
    return Error{Code::unavailable, "reply lost"};
  });
  Mailbox box(store, owner, job);
  EXPECT_EQ(box.write_order(lease, order(1, OrderKind::stop)).error().code, Code::unavailable);
  EXPECT_TRUE(box.write_order(lease, order(1, OrderKind::stop)).ok());
  EXPECT_EQ(world.box.read_orders(lease, 0)->size(), 1U);
}

TEST(Mailbox, OrdersAreReadInTheirOrderFromANumber) {
  World world;
  for (std::uint64_t number = 1; number <= 12; ++number) {
    ASSERT_TRUE(world.box.write_order(lease, order(number, OrderKind::save)).ok());
  }
  const auto orders = world.box.read_orders(lease, 9);
  ASSERT_TRUE(orders.ok());
  ASSERT_EQ(orders->size(), 3U);
  EXPECT_EQ((*orders)[0], order(10, OrderKind::save));
  EXPECT_EQ((*orders)[2].number, 12U);
  EXPECT_TRUE(world.box.read_orders(lease, 12)->empty());
}

TEST(Mailbox, AnUnreadableOrderIsAnErrorAndNeverSkipped) {
  World world;
  ASSERT_TRUE(world.box.write_order(lease, order(1, OrderKind::save)).ok());
  ASSERT_TRUE(
      world.store->put(world.key("orders/00000002"), "{\"kind\":\"dance\"}", PutCondition::always).ok());
  ASSERT_TRUE(world.box.write_order(lease, order(3, OrderKind::stop)).ok());
  const auto orders = world.box.read_orders(lease, 0);
  ASSERT_FALSE(orders.ok());
  EXPECT_EQ(orders.error().code, Code::corrupt);
  EXPECT_NE(orders.error().message.find("orders/00000002"), std::string::npos) << orders.error().message;
}

TEST(Mailbox, SegmentsBehindAGapAreNotRead) {
  World world;
  for (const std::uint64_t number : {1, 2, 4}) {
    ASSERT_TRUE(world.box.write_log(lease, number, "segment " + std::to_string(number)).ok());
  }
  const auto segments = world.box.read_log(lease, 0, 100);
  ASSERT_TRUE(segments.ok());
  ASSERT_EQ(segments->size(), 2U);
  EXPECT_EQ((*segments)[1].bytes, "segment 2");
  ASSERT_TRUE(world.box.write_log(lease, 3, "segment 3").ok());
  EXPECT_EQ(world.box.read_log(lease, 2, 100)->size(), 2U);
  EXPECT_EQ(world.box.read_log(lease, 0, 2)->size(), 2U) << "at most the limit";
}

TEST(Mailbox, ALogSegmentIsWrittenOnce) {
  World world;
  ASSERT_TRUE(world.box.write_log(lease, 1, "a").ok());
  EXPECT_TRUE(world.box.write_log(lease, 1, "a").ok());
  EXPECT_EQ(world.box.write_log(lease, 1, "b").error().code, Code::conflict);
  EXPECT_EQ(world.box.write_progress(lease, 1, "{\"step\":1}\n").ok(), true)
      << "progress has numbers of its own";
}

TEST(Mailbox, ASpecIsWrittenOnce) {
  World world;
  EXPECT_EQ(world.box.read_spec().error().code, Code::not_found);
  JobSpec spec;
  spec.name = "train";
  ASSERT_TRUE(world.box.write_spec(spec).ok());
  EXPECT_TRUE(world.box.write_spec(spec).ok());
  JobSpec other = spec;
  other.name = "other";
  EXPECT_EQ(world.box.write_spec(other).error().code, Code::conflict);
  const auto back = world.box.read_spec();
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_EQ(back->name, "train");
}

TEST(Mailbox, AProbeSucceedsOnlyWhereAWriteReadsBack) {
  World world;
  EXPECT_TRUE(world.box.probe("1").ok());
  EXPECT_TRUE(world.box.probe("2").ok());
  FaultStore lost(*world.store, [](const FaultStore::Call& call) -> Status {
    if (call.operation != objectstore::Operation::put) return {};
    return Error{Code::unavailable, "no answer"};
  });
  Mailbox box(lost, owner, job);
  EXPECT_EQ(box.probe("3").error().code, Code::unavailable);
}

// docs/formats/mailbox.md, byte for byte. TRADEWIND_WRITE_GOLDEN=1 in the environment writes the files anew.
const std::filesystem::path source = TRADEWIND_SOURCE_DIR;
const std::filesystem::path golden = source / "tests/golden/formats/mailbox";

void expect_golden(const std::string& name, const std::string& bytes) {
  if (std::getenv("TRADEWIND_WRITE_GOLDEN") != nullptr) objectstore::write_file(golden / name, bytes);
  EXPECT_EQ(read_file(golden / name), bytes) << name;
  EXPECT_NE(read_file(source / "docs/formats/mailbox.md").find(bytes), std::string::npos)
      << "mailbox.md does not show " << bytes;
}

AgentStatus example_status() {
  AgentStatus status;
  status.lease = lease;
  status.job = job;
  status.sequence = 17;
  status.agent_time = at(75);
  status.phase = AgentPhase::running;
  status.epoch = 2;
  status.step = 1250;
  status.total_steps = 5000;
  status.rate_per_s = 4.5;
  status.metrics = {{"loss", 2.47}};
  status.saved_step = 1200;
  status.resumed_step = 1000;
  status.saved_digest = std::string(64, 'a');
  status.restored_digest = std::string(64, 'b');
  status.program_started_at = at(10);
  status.notice = PreemptionNotice{at(70), at(190), "the supplier reclaims the instance"};
  status.bytes_moved = 12582912;
  status.bytes_reused = 4194304;
  status.bytes_saved = 8388608;
  status.save_cost_s = 0.25;
  status.orders_done = 3;
  status.log_segments = 9;
  status.progress_segments = 4;
  status.cpu_s = 61.5;
  status.resident_bytes = 734003200;
  return status;
}

Order example_order() {
  Order made = order(4, OrderKind::stop);
  made.reason = "moved to another supplier";
  return made;
}

TEST(MailboxFormat, StatusAndOrderAreWrittenAsDocumented) {
  expect_golden("status.json", to_text(to_json(example_status())));
  expect_golden("order.json", to_text(to_json(example_order())));
}

TEST(MailboxFormat, GoldenFilesReadAsWhatTheyWere) {
  World world;
  ASSERT_TRUE(
      world.store->put(world.key("status.json"), read_file(golden / "status.json"), PutCondition::always)
          .ok());
  ASSERT_TRUE(
      world.store->put(world.key("orders/00000004"), read_file(golden / "order.json"), PutCondition::always)
          .ok());
  const auto status = world.box.read_status(lease);
  ASSERT_TRUE(status.ok()) << describe(status.error());
  EXPECT_EQ(*status, example_status());
  const auto orders = world.box.read_orders(lease, 3);
  ASSERT_TRUE(orders.ok()) << describe(orders.error());
  EXPECT_EQ(*orders, std::vector<Order>{example_order()});
}

TEST(MailboxFormat, UnknownVersionsAreRefusedAndUnknownFieldsAreNot) {
  const std::string good = read_file(golden / "order.json");
  const std::string version = "{\"version\":1,";
  ASSERT_TRUE(good.starts_with(version));
  const auto read = [](const std::string& text) {
    return order_from_json(parse_json(text).value_or(json::value(nullptr)), "order");
  };
  EXPECT_TRUE(read(version + "\"colour\":\"blue\"," + good.substr(version.size())).ok());
  EXPECT_FALSE(read("{\"version\":2," + good.substr(version.size())).ok());
  EXPECT_FALSE(read("{" + good.substr(version.size())).ok());
}

}  // namespace
}  // namespace tradewind::mailbox
