#include "edge/drivers/slurm/instance_view.h"

#include <gtest/gtest.h>

#include "edge/drivers/slurm/slurm_offers.h"

namespace tradewind::slurm {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const OwnerId owner("0123456789abcdef0123456789abcdef");
const Time start{hours(400'000)};
constexpr Duration stale = std::chrono::minutes(3);

Entry entry(const std::string& job) {
  Entry made;
  made.record = {"l-1", owner, JobId("j-1"), "slurm/hpc/gpu:cpu:on_demand", {"slurm", "hpc", "gpu"}, start};
  made.job = job;
  return made;
}

Job job(const std::string& id, JobState state, const std::string& word) {
  Job made;
  made.id = id;
  made.state = state;
  made.word = word;
  made.name = name_of(owner, "l-1");
  made.comment = comment_of(owner, "l-1");
  made.ended = start + hours(1);
  return made;
}

std::optional<Viewed> seen_as(const Entry& what, const std::vector<Job>& jobs, Duration later = hours(2)) {
  const JobsSeen seen(jobs, start + later);
  return view(what, {seen, start + later}, stale);
}

TEST(InstanceView, FollowsTheJob) {
  Job waiting = job("7", JobState::pending, "PENDING");
  waiting.reason = "Priority";
  EXPECT_EQ(seen_as(entry("7"), {waiting})->instance.state, InstanceState::pending);
  EXPECT_EQ(seen_as(entry("7"), {waiting})->instance.reason, "waits in Slurm's queue: Priority");
  EXPECT_EQ(seen_as(entry("7"), {job("7", JobState::running, "RUNNING")})->instance.state,
            InstanceState::running);
  EXPECT_EQ(seen_as(entry("7"), {job("7", JobState::completing, "COMPLETING")})->instance.state,
            InstanceState::stopping);
  Entry asked = entry("7");
  asked.terminate = true;
  EXPECT_EQ(seen_as(asked, {job("7", JobState::running, "RUNNING")})->instance.state,
            InstanceState::stopping);
}

TEST(InstanceView, StartsWhenItLeavesTheQueue) {
  Job waiting = job("7", JobState::pending, "PENDING");
  waiting.started = start + hours(3);  // expected
  EXPECT_FALSE(seen_as(entry("7"), {waiting})->instance.started_at);
  Job running = job("7", JobState::running, "RUNNING");
  running.started = start + seconds(100);
  EXPECT_EQ(seen_as(entry("7"), {running})->instance.started_at, start + seconds(100));
  running.started = start - hours(1);  // by a clock that is wrong
  EXPECT_EQ(seen_as(entry("7"), {running})->instance.started_at, start);
}

TEST(InstanceView, TellsHowAJobEnded) {
  const auto ended = [](const std::string& word) {
    return *seen_as(entry("7"), {job("7", JobState::ended, word)});
  };
  EXPECT_TRUE(ended("PREEMPTED").instance.preempted);
  EXPECT_EQ(ended("PREEMPTED").conclusion->kind, "preempted");
  EXPECT_FALSE(ended("TIMEOUT").instance.preempted);
  EXPECT_NE(ended("NODE_FAIL").instance.reason.find("a node of Slurm job 7 failed"), std::string::npos);
  EXPECT_NE(ended("OUT_OF_MEMORY").instance.reason.find("more memory"), std::string::npos);
  EXPECT_NE(ended("CANCELLED").instance.reason.find("an administrator"), std::string::npos);
  EXPECT_EQ(ended("TIMEOUT").instance.terminated_at, start + hours(1));
  Entry said = entry("7");
  said.end = End{start + seconds(5), "done", "the agent ended: exit code 0"};
  EXPECT_EQ(seen_as(said, {job("7", JobState::running, "RUNNING")})->instance.state,
            InstanceState::terminated);
  EXPECT_FALSE(seen_as(said, {})->conclusion.has_value()) << "it is written down already";
}

TEST(InstanceView, AJobThatSlurmForgotIsGoneOnlyWhenItIsSilent) {
  Entry alive = entry("7");
  alive.beat = start + hours(2) - seconds(40);
  EXPECT_EQ(seen_as(alive, {})->instance.state, InstanceState::running);
  alive.beat = start + hours(2) - std::chrono::minutes(4);
  EXPECT_EQ(seen_as(alive, {})->instance.state, InstanceState::terminated);
  EXPECT_EQ(seen_as(alive, {})->instance.terminated_at, *alive.beat);
  EXPECT_NE(seen_as(alive, {})->instance.reason.find("does not report"), std::string::npos);
  EXPECT_NE(seen_as(entry("7"), {})->instance.reason.find("had not begun"), std::string::npos);
  EXPECT_EQ(seen_as(entry("7"), {}, seconds(1))->instance.state, InstanceState::pending)
      << "a list from before it was submitted is no evidence";
}

TEST(InstanceView, ANumberThatIsUsedAgainIsNoneOfOurs) {
  Job another = job("7", JobState::running, "RUNNING");
  another.name = "train";
  another.comment = "";
  EXPECT_EQ(seen_as(entry("7"), {another})->instance.state, InstanceState::terminated);
}

TEST(InstanceView, WhatWasNeverSubmittedIsNoInstance) {
  EXPECT_FALSE(seen_as(entry(""), {}).has_value());
  EXPECT_EQ(seen_as(entry(""), {job("9", JobState::running, "RUNNING")})->instance.ref.id.text(), "9.l-1");
  Job refused = job("9", JobState::ended, "FAILED");
  refused.reason = "BadConstraints";
  EXPECT_FALSE(seen_as(entry(""), {refused}).has_value());
}

Entry element(const std::string& number) {
  Entry made = entry(number.empty() ? "" : number + "_4");
  made.element = Element{"tw-many-l-0-01234567", 4};
  return made;
}

Job element_job(const std::string& id, JobState state, const std::string& word) {
  Job made = job(id, state, word);
  made.name = "tw-many-l-0-01234567";
  made.comment = comment_of(owner, made.name);
  return made;
}

TEST(InstanceView, AnElementOfAnArrayIsAnInstanceOfItsOwn) {
  const auto jobs = [](JobState state, const std::string& word) {
    return std::vector<Job>{element_job("17_3", JobState::running, "RUNNING"),
                            element_job("17_4", state, word),
                            element_job("17_40", JobState::running, "RUNNING")};
  };
  const Viewed waiting = *seen_as(element("17"), jobs(JobState::pending, "PENDING"));
  EXPECT_EQ(waiting.instance.ref.id.text(), "17_4.l-1");
  EXPECT_EQ(waiting.instance.state, InstanceState::pending);
  EXPECT_EQ(seen_as(element(""), jobs(JobState::pending, "PENDING"))->instance.ref.id.text(), "17_4.l-1")
      << "found by the array's name and its index before the number is written down";
  EXPECT_TRUE(seen_as(element("17"), jobs(JobState::ended, "PREEMPTED"))->instance.preempted);
  EXPECT_EQ(seen_as(element("17"), {element_job("17_3", JobState::running, "RUNNING")})->instance.state,
            InstanceState::terminated);
  EXPECT_EQ(token_of(waiting.instance.ref.id), "l-1");
}

TEST(InstanceView, ElementsThatSlurmDidNotWriteOutStillWait) {
  Job rest = element_job("17_...", JobState::pending, "PENDING");
  const Viewed viewed = *seen_as(element("17"), {element_job("17_3", JobState::running, "RUNNING"), rest});
  EXPECT_EQ(viewed.instance.state, InstanceState::pending);
  EXPECT_EQ(viewed.instance.ref.id.text(), "17_4.l-1");
  EXPECT_EQ(seen_as(element("18"), {rest})->instance.state, InstanceState::terminated);
}

TEST(InstanceView, AnElementThatIsNotWrittenOutIsFoundByItsArraysName) {
  const auto seen = [](const std::string& name) {
    Job rest = element_job("17_...", JobState::pending, "PENDING");
    rest.name = name;
    return JobsSeen({rest}, start + hours(2));
  };
  const JobsSeen own = seen("tw-many-l-0-01234567");
  const JobsSeen others = seen("tw-many-l-9-01234567");
  ASSERT_NE(job_of(own, element("")), nullptr) << "or it would be submitted again";
  EXPECT_EQ(id_of(*job_of(own, element("")), element("")), "17_4");
  EXPECT_EQ(job_of(others, element("")), nullptr);
  EXPECT_EQ(view(element(""), {own, start + hours(2)}, stale)->instance.ref.id.text(), "17_4.l-1");
  EXPECT_EQ(cancellation_of({own, start + hours(2)}, element(""))->ids, std::vector<std::string>{"17_4"});
}

// A controller that is slow answers to sbatch a minute after it was asked.
TEST(InstanceView, AListThatIsOlderThanTheJobsNumberSaysNothingOfIt) {
  Entry what = entry("7");
  const Time read = start + hours(2) + seconds(40);  // by a clock that is ahead of ours
  what.numbered = read - seconds(3);
  const JobsSeen before({}, start + hours(2));
  const auto seen = [&](Duration age) { return view(what, {before, read, age}, stale); };
  EXPECT_EQ(seen(seconds(5))->instance.state, InstanceState::pending);
  EXPECT_FALSE(seen(seconds(5))->conclusion);
  EXPECT_EQ(cancellation_of({before, read, seconds(5)}, what)->ids, std::vector<std::string>{"7"});
  EXPECT_EQ(seen(milliseconds(500))->instance.state, InstanceState::terminated) << "asked after it";
  EXPECT_EQ(seen(milliseconds(500))->conclusion->kind, "lost");
  EXPECT_FALSE(cancellation_of({before, read, milliseconds(500)}, what));
}

TEST(InstanceView, CancelsTheElementAndNotItsArray) {
  const auto ids = [](const Entry& what, std::vector<Job> jobs, Duration later = hours(2)) {
    const JobsSeen seen(std::move(jobs), start + later);
    const auto found = cancellation_of({seen, start + later}, what);
    return found ? found->ids : std::vector<std::string>{"none"};
  };
  const Job there = element_job("17_4", JobState::pending, "PENDING");
  const Job other = element_job("17_5", JobState::pending, "PENDING");
  EXPECT_EQ(ids(element("17"), {there, other}), std::vector<std::string>{"17_4"});
  EXPECT_EQ(ids(element("17"), {other}), std::vector<std::string>{"none"}) << "Slurm knows it no more";
  EXPECT_EQ(ids(element("17"), {other}, seconds(1)), std::vector<std::string>{"17_4"})
      << "submitted just now";
  EXPECT_EQ(ids(element(""), {}, seconds(1)), std::vector<std::string>{"none"});
  EXPECT_EQ(ids(entry("7"), {job("7", JobState::running, "RUNNING"), job("9", JobState::pending, "PENDING")}),
            (std::vector<std::string>{"7", "9"}))
      << "both jobs of its token";
  EXPECT_TRUE(ids(entry(""), {}, seconds(1)).empty()) << "by its name";
}

TEST(InstanceView, IdsHoldTheToken) {
  EXPECT_EQ(token_of(instance_id("12", "l-1.x")), "l-1.x");
  EXPECT_EQ(token_of(InstanceId("no-such-instance")), "");
  EXPECT_EQ(token_of(InstanceId("12.../../x")), "");
  EXPECT_EQ(token_of(InstanceId(".l-1")), "");
}

TEST(SharedStore, LinesAreReadAsTheyWereWritten) {
  const Record record = entry("7").record;
  const Result<Record> read = record_from_line(to_line(record));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(to_line(*read), to_line(record));
  EXPECT_EQ(record_from_line("{").error().code, Code::invalid_argument);
  const End end{start, "limit", "the time limit of Slurm job 7"};
  EXPECT_EQ(to_line(*end_from_line(to_line(end))), to_line(end));
  EXPECT_FALSE(end_from_line("never").has_value());
}

Partition partition(const std::string& name, int tier, bool preempt) {
  return {name, "UP", hours(1), tier, preempt, seconds(30), {{"n1", 64, 256 * 1024, {{"a100", 4}}, true}}};
}

TEST(SlurmOffers, SellsAPartitionAsWholeGpusWithTheirShareOfANode) {
  Cluster cluster;
  cluster.name = "hpc";
  cluster.gpus["a100"] = "A100";
  cluster.price_per_hour = Money::parse("0.50").value();
  const std::vector<Place> places =
      places_of(cluster, {partition("gpu", 5, false), partition("scavenge", 1, true)}, start);
  ASSERT_EQ(places.size(), 8U);
  std::vector<std::string> keys;
  for (const Place& place : places) keys.push_back(offer_key(place.offer));
  EXPECT_EQ(keys[0], "slurm/hpc/gpu:cpu:on_demand");
  EXPECT_EQ(keys[3], "slurm/hpc/gpu:gpu-4:on_demand");
  EXPECT_EQ(keys[6], "slurm/hpc/scavenge:gpu-2:spot");
  EXPECT_EQ(places[2].cpus, 32);
  EXPECT_EQ(places[2].memory_mib, 128 * 1024);
  EXPECT_EQ(places[2].gres, "gpu:a100:2");
  EXPECT_EQ(places[2].offer.accelerator->model, "A100");
  EXPECT_EQ(places[2].offer.price_per_hour, Money::parse("1.00").value());
  EXPECT_EQ(places[6].offer.notice_lead, seconds(30));
  EXPECT_EQ(places[0].time_limit, Duration(0));
  cluster.time_limit = hours(4);
  EXPECT_EQ(places_of(cluster, {partition("gpu", 5, false)}, start)[0].time_limit, hours(1))
      << "no more than the partition allows";
}

TEST(SlurmOffers, SaysHowManyNodesOneJobMayHave) {
  Cluster cluster;
  cluster.name = "hpc";
  Partition gpu = partition("gpu", 1, false);
  gpu.nodes.push_back({"n2", 64, 256 * 1024, {{"a100", 4}}, true});
  gpu.nodes.push_back({"n3", 64, 256 * 1024, {{"a100", 4}}, false});
  gpu.nodes.push_back({"n4", 64, 256 * 1024, {{"a100", 1}}, true});
  const auto nodes_of = [&](const std::string& type) {
    for (const Place& place : places_of(cluster, {gpu}, start)) {
      if (place.offer.instance_type == type) return place.offer.nodes_max.value_or(-1);
    }
    return -2;
  };
  EXPECT_EQ(nodes_of("gpu-4"), 2) << "one is down, one has fewer";
  EXPECT_EQ(nodes_of("cpu"), 3);
  gpu.max_nodes = 1;
  EXPECT_EQ(nodes_of("gpu-4"), 1);
}

TEST(SlurmOffers, NobodyIsPreemptedWhereNoneIsHigher) {
  Cluster cluster;
  cluster.name = "hpc";
  EXPECT_EQ(places_of(cluster, {partition("gpu", 1, true)}, start).front().offer.purchase,
            Purchase::on_demand);
  cluster.preemptible = {"gpu"};
  EXPECT_EQ(places_of(cluster, {partition("gpu", 1, true)}, start).front().offer.purchase, Purchase::spot);
}

TEST(SlurmOffers, SaysWhyAPartitionIsClosed) {
  Cluster cluster;
  cluster.name = "hpc";
  Partition drained = partition("gpu", 1, false);
  drained.nodes[0].usable = false;
  EXPECT_EQ(places_of(cluster, {drained}, start).front().why_not, "all its nodes are down or drained");
  cluster.partitions = {"other"};
  EXPECT_TRUE(places_of(cluster, {drained}, start).empty());
}

}  // namespace
}  // namespace tradewind::slurm
