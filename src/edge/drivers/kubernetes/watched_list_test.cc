#include "edge/drivers/kubernetes/watched_list.h"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>

#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/testing/fake_cluster.h"
#include "edge/io/system_clock.h"

namespace tradewind::kubernetes {
namespace {

// Goes as the machine's does, and leaps.
class LeapingClock final : public Clock {
 public:
  Time now() const override { return real_.now() + leapt_.load(); }
  Duration monotonic() const override { return real_.monotonic() + leapt_.load(); }
  void leap(Duration span) { leapt_ = leapt_.load() + span; }

 private:
  io::SystemClock real_;
  std::atomic<Duration> leapt_{Duration(0)};
};

WatchTempo quick() {
  WatchTempo tempo;
  tempo.watch_lasts = std::chrono::seconds(1);
  tempo.trusted_for = std::chrono::minutes(5);  // a slow machine is no failure
  tempo.asked_within = std::chrono::minutes(10);
  tempo.retry_first = Duration(20);
  return tempo;
}

class WatchedListTest : public testing::Test {
 protected:
  const std::string path_ = "/api/v1/namespaces/tradewind/pods";
  const std::string query_ = "labelSelector=of%3Dus";

  void make(const std::string& name, const std::string& of = "us") {
    const json::object labels{{"of", of}};
    const auto made =
        client_.create(path_, json::object{{"metadata", json::object{{"name", name}, {"labels", labels}}}});
    ASSERT_TRUE(made.ok()) << describe(made.error());
  }
  std::string names(WatchedList& list) {
    const auto items = list.items();
    if (!items.ok()) return std::string(to_text(items.error().code));
    std::string all;
    for (const WatchedList::Item& item : *items) all += text_at(*item, {"metadata", "name"}) + " ";
    return all;
  }
  long asked(bool watch) const {
    const std::vector<std::string> log = cluster_.log();
    return std::ranges::count_if(log, [&](const std::string& line) {
      return line.starts_with("get " + path_) && (line.find("watch=true") != std::string::npos) == watch;
    });
  }
  long lists() const { return asked(false); }
  // Until so many more watches have begun: all but the last of them have ended.
  void await_watches(long more) const {
    const long before = asked(true);
    ASSERT_TRUE(await([&] { return asked(true) >= before + more; }));
  }
  static bool await(const std::function<bool()>& so) {
    for (int i = 0; i < 6000; ++i) {
      if (so()) return true;
      std::this_thread::sleep_for(Duration(5));
    }
    return false;
  }
  // Asked twice, so that it is watched.
  void begin(WatchedList& list) {
    names(list);
    names(list);
    ASSERT_TRUE(await([&] { return cluster_.watches() == 1; }));
  }

  FakeCluster cluster_;
  LeapingClock clock_;
  KubeClient client_{"kubernetes/lab", {cluster_.kubeconfig(), "", {}}, clock_};
};

TEST_F(WatchedListTest, AChangeIsSeenWithoutAnotherList) {
  make("a");
  WatchedList list(client_, path_, query_, clock_, quick());
  begin(list);
  EXPECT_EQ(names(list), "a ");
  make("b");
  make("c", "others");
  EXPECT_TRUE(await([&] { return names(list) == "a b "; })) << names(list);
  ASSERT_TRUE(client_.merge(path_ + "/a", json::object{{"status", json::object{{"phase", "Running"}}}}).ok());
  EXPECT_TRUE(await([&] { return text_at(*list.items()->front(), {"status", "phase"}) == "Running"; }));
  ASSERT_TRUE(client_.remove(path_ + "/a", json::object()).ok());
  EXPECT_TRUE(await([&] { return names(list) == "b "; })) << names(list);
  EXPECT_EQ(lists(), 2) << "the two that began it";
}

TEST_F(WatchedListTest, AWatchGoesOnFromWhereItWasCut) {
  make("a");
  WatchedList list(client_, path_, query_, clock_, quick());
  begin(list);
  make("b");
  ASSERT_TRUE(await([&] { return names(list) == "a b "; }));
  cluster_.cut_watches();
  make("c");
  await_watches(2);  // one that went on, and one after its end
  EXPECT_EQ(names(list), "a b c ");
  EXPECT_EQ(lists(), 2);
}

TEST_F(WatchedListTest, AfterACutItIsListedUntilTheWatchIsBack) {
  WatchTempo tempo = quick();
  tempo.retry_first = std::chrono::hours(1);
  tempo.retry_most = std::chrono::hours(1);
  make("a");
  WatchedList list(client_, path_, query_, clock_, tempo);
  begin(list);
  cluster_.cut_watches();
  ASSERT_TRUE(await([&] { return cluster_.watches() == 0; }));
  make("b");
  EXPECT_TRUE(await([&] { return names(list) == "a b "; }));
  const long before = lists();
  EXPECT_EQ(names(list), "a b ");
  EXPECT_EQ(names(list), "a b ");
  EXPECT_LE(lists(), before) << "a list made now is as good as a proof";
}

// As an event of a watch that is under way, and as the answer to one that begins.
class WatchedListAfter410 : public WatchedListTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(UnderWay, WatchedListAfter410, testing::Bool());

TEST_P(WatchedListAfter410, ItIsListedAnewAndWatchedOn) {
  make("a");
  WatchedList list(client_, path_, query_, clock_, quick());
  begin(list);
  const long before = lists();
  if (!GetParam()) cluster_.cut_watches();
  cluster_.forget_history();
  EXPECT_TRUE(await([&] { return names(list) == "a " && lists() > before; }));
  ASSERT_TRUE(await([&] { return cluster_.watches() == 1 && names(list) == "a "; }));
  const long after = lists();
  make("b");
  EXPECT_TRUE(await([&] { return names(list) == "a b "; })) << names(list);
  EXPECT_EQ(lists(), after);
}

TEST_F(WatchedListTest, AWatchThatProvesNothingIsNotTrusted) {
  make("a");
  WatchTempo tempo = quick();
  tempo.watch_lasts = std::chrono::hours(1);
  WatchedList list(client_, path_, query_, clock_, tempo);
  begin(list);
  cluster_.mute_watches(true);
  make("b");
  EXPECT_EQ(names(list), "a ") << "it cannot know yet";
  clock_.leap(tempo.trusted_for + Duration(1));
  EXPECT_EQ(names(list), "a b ");
  EXPECT_EQ(lists(), 3);
}

TEST_F(WatchedListTest, AnOutageIsTheErrorOfTheListAndTheServerIsNotPressed) {
  make("a");
  WatchTempo tempo = quick();
  tempo.retry_first = Duration(100);
  WatchedList list(client_, path_, query_, clock_, tempo);
  begin(list);
  cluster_.fail(
      [](const io::HttpRequest&) { return api_refusal(503, "ServiceUnavailable", "etcd is away"); });
  cluster_.cut_watches();
  ASSERT_TRUE(await([&] { return names(list) == "unavailable"; }));
  const long before = asked(true);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(names(list), "unavailable");
    std::this_thread::sleep_for(Duration(1));
  }
  EXPECT_LT(asked(true) - before, 20) << "asking makes no watch earlier";
  clock_.leap(std::chrono::hours(1));
  EXPECT_EQ(names(list), "unavailable");
  cluster_.fail(nullptr);
  make("b");
  EXPECT_EQ(names(list), "a b ");
}

TEST_F(WatchedListTest, WhatWeChangedOurselvesIsListed) {
  make("a");
  WatchedList list(client_, path_, query_, clock_, quick());
  begin(list);
  cluster_.mute_watches(true);
  make("b");
  list.distrust();
  EXPECT_EQ(names(list), "a b ");
  EXPECT_EQ(lists(), 3);
  EXPECT_EQ(names(list), "a b ");
  EXPECT_EQ(lists(), 3) << "once";
}

TEST_F(WatchedListTest, WhoAsksRarelyMakesNoWatch) {
  make("a");
  const WatchTempo tempo = quick();
  WatchedList list(client_, path_, query_, clock_, tempo);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(names(list), "a ");
    clock_.leap(tempo.asked_within + Duration(1));
  }
  EXPECT_EQ(lists(), 3);
  EXPECT_EQ(asked(true), 0);
  begin(list);
  clock_.leap(tempo.asked_within + Duration(1));
  ASSERT_TRUE(await([&] { return cluster_.watches() == 0; }));
  const long before = asked(true);
  std::this_thread::sleep_for(Duration(50));
  EXPECT_EQ(asked(true), before) << "nobody asks any more";
}

}  // namespace
}  // namespace tradewind::kubernetes
