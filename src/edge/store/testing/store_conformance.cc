#include "edge/store/testing/store_conformance.h"

#include <limits>

namespace tradewind::store {
namespace {

const char* const owner_text = "0123456789abcdef0123456789abcdef";

Time at_second(int second) {
  return Time(std::chrono::seconds(1'800'000'000 + second));
}

AgentStatus some_status(int number) {
  AgentStatus status;
  status.lease = LeaseId("l-1");
  status.job = JobId("j-1");
  status.sequence = static_cast<std::uint64_t>(number) + 1;
  status.agent_time = at_second(number);
  status.phase = AgentPhase::running;
  status.step = number / 3.0;
  status.metrics = {{"loss", 2.0 / 3.0 + number}};
  status.message = "all is well";
  return status;
}

}  // namespace

Event job_event(int number, const std::string& id) {
  JobRecord job;
  job.id = JobId(id);
  job.spec.name = "bible-gpt";
  job.spec.run = "echo '한글' \"$X\"\n\ttab";
  job.spec.envs = {{"A", std::string("zero\0byte", 9)}};
  job.spec.budget = Money(25'000'000'001);
  job.spec.kept["service"] = json::object{{"replicas", number}, {"ratio", 0.1}};
  job.state = JobState::running;
  job.submitted_at = at_second(number);
  job.started_at = at_second(number + 1);
  job.leases = {LeaseId("l-1"), LeaseId("l-2")};
  job.saved = SavedPoint{7, 2, ManifestId(std::string(64, 'a')), number / 7.0, at_second(number)};
  job.step = number + 0.1;
  job.metrics = {{"loss", 1.0 / 3.0}};
  job.reason = "because";
  return {at_second(number), "job.changed", "change " + std::to_string(number), job};
}

Event lease_event(int number, const std::string& id) {
  LeaseRecord lease;
  lease.id = LeaseId(id);
  lease.job = JobId("j-1");
  lease.attempt = number;
  lease.state = LeaseState::active;
  lease.offer.location = {"local", "harbour"};
  lease.offer.instance_type = "slot";
  lease.offer.accelerator = Accelerator{"H100", 0.5, 80};
  lease.offer.price_per_hour = Money(3'060'000'000);
  lease.offer.cold_start = Duration(1500);
  lease.intended_at = at_second(number);
  lease.instance = InstanceRef{{"local", "harbour"}, InstanceId("i-1")};
  lease.launched_at = at_second(number + 1);
  lease.status = some_status(number);
  lease.pending_order = Order{1, OrderKind::stop, at_second(number), "moved", std::nullopt, true};
  lease.last_step = number / 3.0;
  return {at_second(number), "lease.changed", "change " + std::to_string(number), lease};
}

Event move_event(int number, const std::string& id) {
  MoveRecord move;
  move.id = MoveId(id);
  move.job = JobId("j-1");
  move.from = LeaseId("l-1");
  move.to = LeaseId("l-2");
  move.target = {"aws", "us-east-1"};
  move.state = MoveState::resuming;
  move.requested_at = at_second(number);
  move.step_saved = number;
  move.bytes_moved = std::uint64_t{1} << 40U;
  move.digest_saved = std::string(64, 'b');
  return {at_second(number), "move.changed", "change " + std::to_string(number), move};
}

std::ostream& operator<<(std::ostream& out, const StoreCase& subject) {
  return out << subject.name;
}

void StoreConformance::SetUp() {
  subject_ = GetParam().make(OwnerId(owner_text));
  ASSERT_NE(subject_, nullptr);
}

std::uint64_t StoreConformance::commit(const std::vector<Event>& events) {
  const Result<std::uint64_t> version = store().commit(snapshot().version, events);
  EXPECT_TRUE(version.ok()) << describe(version.error());
  return version.value_or(0);
}

ClusterState StoreConformance::snapshot() {
  const Result<ClusterState> state = store().snapshot();
  EXPECT_TRUE(state.ok()) << describe(state.error());
  return state.value_or({});
}

std::vector<HistoryEntry> StoreConformance::history(const HistoryQuery& query) {
  const Result<std::vector<HistoryEntry>> entries = store().history(query);
  EXPECT_TRUE(entries.ok()) << describe(entries.error());
  return entries.value_or({});
}

TEST_P(StoreConformance, StartsEmptyAtVersionZeroWithItsOwner) {
  ClusterState expected;
  expected.owner = OwnerId(owner_text);
  EXPECT_EQ(snapshot(), expected);
  EXPECT_TRUE(history({}).empty());
}

TEST_P(StoreConformance, ACommitCountsTheVersionUpAndPutsRecordsInPlace) {
  EXPECT_EQ(commit({job_event(1, "j-1"), lease_event(1, "l-1"), move_event(1, "m-1")}), 1u);
  EXPECT_EQ(commit({job_event(2, "j-1"), job_event(3, "j-2")}), 2u);
  ClusterState expected;
  expected.owner = OwnerId(owner_text);
  expected.version = 2;
  for (const Event& event :
       {lease_event(1, "l-1"), move_event(1, "m-1"), job_event(2, "j-1"), job_event(3, "j-2")}) {
    apply(expected, event);
  }
  EXPECT_EQ(snapshot(), expected);
}

TEST_P(StoreConformance, ACommitWithoutEventsCountsTheVersionUp) {
  EXPECT_EQ(commit({}), 1u);
  EXPECT_EQ(snapshot().version, 1u);
}

TEST_P(StoreConformance, LaterEventsOfACommitWin) {
  commit({job_event(1, "j-1"), job_event(2, "j-1")});
  EXPECT_EQ(snapshot().jobs.at(JobId("j-1")), std::get<JobRecord>(job_event(2, "j-1").after));
  EXPECT_EQ(history({}).size(), 2u);
}

TEST_P(StoreConformance, ACommitOnAnotherVersionIsAConflictAndStoresNothing) {
  commit({job_event(1, "j-1")});
  const ClusterState before = snapshot();
  for (const std::uint64_t version :
       {std::uint64_t{0}, std::uint64_t{2}, std::numeric_limits<std::uint64_t>::max()}) {
    const Result<std::uint64_t> refused = store().commit(version, {job_event(2, "j-1")});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::conflict);
  }
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(history({}).size(), 1u);
  EXPECT_EQ(commit({job_event(2, "j-1")}), 2u);
}

TEST_P(StoreConformance, OfTwoWritersOnOneVersionTheSecondIsRefused) {
  const std::uint64_t seen = snapshot().version;
  EXPECT_TRUE(store().commit(seen, {job_event(1, "j-1")}).ok());
  const Result<std::uint64_t> second = store().commit(seen, {job_event(2, "j-2")});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_EQ(snapshot().jobs.size(), 1u);
}

TEST_P(StoreConformance, HistoryTellsAllEventsInOrderWithTheirVersion) {
  commit({job_event(1, "j-1"), lease_event(2, "l-1")});
  commit({job_event(3, "j-1")});
  const std::vector<HistoryEntry> entries = history({});
  ASSERT_EQ(entries.size(), 3u);
  const std::uint64_t versions[] = {1, 1, 2};
  const char* subjects[] = {"j-1", "l-1", "j-1"};
  const char* kinds[] = {"job.changed", "lease.changed", "job.changed"};
  for (std::size_t i = 0; i < 3; ++i) {
    const int number = static_cast<int>(i) + 1;
    EXPECT_EQ(entries[i].sequence, i + 1);
    EXPECT_EQ(entries[i].version, versions[i]);
    EXPECT_EQ(entries[i].subject, subjects[i]);
    EXPECT_EQ(entries[i].kind, kinds[i]);
    EXPECT_EQ(entries[i].at, job_event(number, "j-1").at);
    EXPECT_EQ(entries[i].detail, "change " + std::to_string(number));
  }
}

TEST_P(StoreConformance, HistoryIsReadInPagesAndBySubject) {
  for (int i = 1; i <= 10; ++i) commit({job_event(i, i % 2 == 0 ? "j-even" : "j-odd")});
  std::vector<std::uint64_t> seen;
  for (std::uint64_t after = 0;;) {
    const std::vector<HistoryEntry> page = history({"", after, 3});
    if (page.empty()) break;
    EXPECT_LE(page.size(), 3u);
    for (const HistoryEntry& entry : page) seen.push_back(entry.sequence);
    after = page.back().sequence;
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  const std::vector<HistoryEntry> even = history({"j-even", 4, 2});
  ASSERT_EQ(even.size(), 2u);
  EXPECT_EQ(even[0].sequence, 6u);
  EXPECT_EQ(even[1].sequence, 8u);
  EXPECT_TRUE(history({"nobody", 0, 100}).empty());
  EXPECT_TRUE(history({"", std::numeric_limits<std::uint64_t>::max(), 100}).empty());
  EXPECT_EQ(history({"", 0, std::numeric_limits<std::size_t>::max()}).size(), 10u);
  EXPECT_TRUE(history({"", 0, 0}).empty());
}

TEST_P(StoreConformance, HoldsAWholeFleet) {
  std::vector<Event> events;
  for (int i = 0; i < 1000; ++i) {
    events.push_back(job_event(i, "j-" + std::to_string(i)));
    events.push_back(lease_event(i, "l-" + std::to_string(i)));
  }
  commit(events);
  const ClusterState state = snapshot();
  EXPECT_EQ(state.jobs.size(), 1000u);
  EXPECT_EQ(state.leases.size(), 1000u);
  EXPECT_EQ(state.jobs.at(JobId("j-999")), std::get<JobRecord>(job_event(999, "j-999").after));
}

TEST_P(StoreConformance, EverythingIsThereAfterReopening) {
  commit({job_event(1, "j-1"), lease_event(1, "l-1"), move_event(1, "m-1")});
  commit({lease_event(2, "l-1")});
  const ClusterState before = snapshot();
  if (!subject_->reopen()) GTEST_SKIP() << "lives no longer than its object";
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(history({}).size(), 4u);
  EXPECT_EQ(commit({job_event(2, "j-1")}), 3u);
  ASSERT_TRUE(subject_->reopen());
  EXPECT_EQ(snapshot().version, 3u);
}

}  // namespace tradewind::store
