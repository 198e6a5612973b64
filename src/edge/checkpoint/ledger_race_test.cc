// Two writers of one ledger, stepped through every order of their store calls, with lost requests, lost
// replies and requests that arrive late: the chain must come out whole each time.
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>
#include <set>

#include "edge/checkpoint/ledger.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ByteRange;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::ObjectStore;
using objectstore::PutCondition;

constexpr const char* prefix = "tradewind/o/jobs/j-1/";
constexpr int retries_max = 4;

// A path through the tree of choices; after a run, next() turns to the neighbouring path.
class Choices {
 public:
  int choose(int count) {
    if (at_ == path_.size()) path_.push_back({0, count});
    return path_[at_++].taken;
  }
  bool next() {
    at_ = 0;
    while (!path_.empty() && path_.back().taken + 1 == path_.back().count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

 private:
  struct Fork {
    int taken;
    int count;
  };
  std::vector<Fork> path_;
  std::size_t at_ = 0;
};

enum class Fate { done, request_lost, reply_lost, late };

struct LatePut {
  std::string key;
  std::string bytes;
};

// What a writer's call was answered with; which of them is said by the call.
struct Reply {
  Status status = {};
  Result<std::string> bytes = std::string();
  Result<ObjectPage> page = ObjectPage{};
};

// Thrown out of a writer at a call that has no answer yet. It runs again from its beginning once there is
// one, with the same answers as before: stepping without threads, whose switches cost a thousand times more.
struct Waiting {};

// A writer's view of the store: it stops before each list and each put that was not answered yet. Records
// never change once they are there, so a get waits for nobody, but its answer is kept like all others.
class SteppedStore final : public ObjectStore {
 public:
  SteppedStore(ObjectStore& inner, std::deque<LatePut>& late) : inner_(inner), late_(late) {}

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    if (const Reply* known = answered()) return known->status;
    wait(
        [this, key = std::string(key), bytes = std::string(bytes), condition](Fate fate) {
          if (fate == Fate::late) late_.push_back({key, bytes});
          if (fate == Fate::request_lost || fate == Fate::late) return Reply{.status = lost()};
          const Status done = inner_.put(key, bytes, condition);
          return Reply{.status = fate == Fate::reply_lost ? Status(lost()) : done};
        },
        true);
  }
  Result<std::string> get(std::string_view key, ByteRange range) override {
    if (const Reply* known = answered()) return known->bytes;
    ++asked_;
    return replies_.emplace_back(Reply{.bytes = inner_.get(key, range)}).bytes;
  }
  Result<ObjectPage> list(std::string_view key_prefix, std::string_view after, std::size_t limit) override {
    if (const Reply* known = answered()) return known->page;
    wait(
        [this, key_prefix = std::string(key_prefix), after = std::string(after), limit](Fate fate) {
          if (fate != Fate::done) return Reply{.page = lost()};
          return Reply{.page = inner_.list(key_prefix, after, limit)};
        },
        false);
  }
  Result<ObjectInfo> stat(std::string_view key) override {
    ADD_FAILURE() << "a ledger asks for no stat of " << key;
    return lost();
  }
  Status remove(std::string_view key) override {
    ADD_FAILURE() << "a ledger removes nothing, not " << key;
    return lost();
  }

  // The scheduler's side: the writer is begun anew after each answer.
  void begin_anew() { asked_ = 0; }
  void answer(Fate fate) { replies_.push_back(call_(fate)); }
  bool at_put() const { return at_put_; }

 private:
  static Error lost() { return {Code::unavailable, "no answer"}; }
  const Reply* answered() { return asked_ < replies_.size() ? &replies_[asked_++] : nullptr; }
  [[noreturn]] void wait(std::function<Reply(Fate)> call, bool at_put) {
    call_ = std::move(call);
    at_put_ = at_put;
    throw Waiting{};
  }
  ObjectStore& inner_;
  std::deque<LatePut>& late_;
  std::deque<Reply> replies_;  // of all calls up to now, in order
  std::size_t asked_ = 0;      // calls of this run of the writer
  std::function<Reply(Fate)> call_;
  bool at_put_ = false;
};

enum class Step { claim, checkpoint_one, checkpoint_two, finish };
using Script = std::vector<Step>;

// What a writer was told.
struct Told {
  std::vector<LedgerRecord> acknowledged;
  bool claimed = false;
  std::uint64_t epoch = 0;
  bool fenced = false;
  bool completed = false;
  int conflicts = 0;
};

// Carries out a script as the agent does: again while the outcome is unknown, no more once it is fenced.
class Writer {
 public:
  Writer(ObjectStore& store, int index, const Script& script)
      : ledger_(store, prefix, LeaseId("l-" + std::to_string(index))), index_(index), script_(script) {}

  void run() {
    for (const Step step : script_) {
      Status done = attempt(step);
      for (int tries = 0; !done.ok() && tries < retries_max; ++tries) {
        if (done.error().code == Code::fenced) {
          told.fenced = true;
          return;
        }
        if (done.error().code == Code::conflict) {
          ++told.conflicts;
          if (step == Step::claim) return;  // another is ahead: stand down
        } else {
          EXPECT_EQ(done.error().code, Code::unavailable) << describe(done.error());
        }
        done = attempt(step);
      }
      if (!done.ok()) {
        told.fenced = done.error().code == Code::fenced;
        return;
      }
    }
    told.completed = true;
  }

  Told told;

 private:
  Status attempt(Step step) {
    const Time now{};
    if (step == Step::claim) {
      Status done = ledger_.claim(now, static_cast<std::uint64_t>(index_) + 1);
      if (done.ok()) {
        told.claimed = true;
        told.epoch = ledger_.epoch();
      }
      return done;
    }
    const Result<LedgerRecord> record =
        step == Step::finish ? ledger_.append_finish(now, Outcome::succeeded, 0, "")
                             : ledger_.append_checkpoint(now, manifest(step), "", static_cast<double>(step));
    if (!record.ok()) return record.error();
    told.acknowledged.push_back(*record);
    return {};
  }
  ManifestId manifest(Step step) const {
    return ManifestId(std::to_string(index_) + "-" + std::to_string(static_cast<int>(step)));
  }

  LedgerWriter ledger_;
  int index_;
  const Script& script_;
};

struct Run {
  std::vector<LedgerRecord> chain;
  Told told[2];
  int faults = 0;
};

// How many messages are lost or late in one run, and whether those of lists may be among them.
struct Faults {
  int count_max = 0;
  bool of_lists = false;
};

// One run along the path that `choices` takes.
Run run_once(Choices& choices, const Script (&scripts)[2], const Faults& faults) {
  const auto store = objectstore::make_memory_store();
  std::deque<LatePut> late;
  SteppedStore views[2] = {{*store, late}, {*store, late}};
  Run run;
  bool finished[2] = {};
  // Runs a writer up to its next call that has no answer, or to its end.
  const auto go_on = [&](std::size_t i) {
    Writer writer(views[i], static_cast<int>(i), scripts[i]);
    views[i].begin_anew();
    try {
      writer.run();
      finished[i] = true;
    } catch (const Waiting&) {
    }
    run.told[i] = writer.told;
  };
  go_on(0);
  go_on(1);
  bool second_has_listed = false;
  while (!finished[0] || !finished[1]) {
    // Who is next: a writer that waits, or a put that was under way. Two lists in a row answer the same in
    // either order, so that the first writer's never comes right after the second's.
    std::vector<std::size_t> able;
    for (std::size_t i = 0; i < 2; ++i) {
      const bool same_as_before = i == 0 && second_has_listed && !views[0].at_put() && !finished[1];
      if (!finished[i] && !same_as_before) able.push_back(i);
    }
    const auto chosen =
        static_cast<std::size_t>(choices.choose(static_cast<int>(able.size()) + (late.empty() ? 0 : 1)));
    second_has_listed = false;
    if (chosen == able.size()) {
      static_cast<void>(store->put(late.front().key, late.front().bytes, PutCondition::if_absent));
      late.pop_front();
      continue;
    }
    SteppedStore& view = views[able[chosen]];
    Fate fate = Fate::done;
    if (run.faults < faults.count_max && (view.at_put() || faults.of_lists)) {
      fate = static_cast<Fate>(choices.choose(view.at_put() ? 4 : 2));
    }
    run.faults += fate == Fate::done ? 0 : 1;
    second_has_listed = able[chosen] == 1 && !view.at_put();
    view.answer(fate);
    go_on(able[chosen]);
  }
  const auto chain = read_ledger(*store, prefix, 0);
  EXPECT_TRUE(chain.ok());
  run.chain = chain.value_or({});
  EXPECT_EQ(store->list(prefix, "")->objects.size(), run.chain.size()) << "the chain has no gap";
  return run;
}

std::string show(const Run& run) {
  std::string text;
  for (const LedgerRecord& record : run.chain) text += to_text(to_json(record)) + "\n";
  return text;
}

void expect_sound(const Run& run) {
  LedgerView view;
  for (const LedgerRecord& record : run.chain) {
    const Status folded = fold(view, record);
    ASSERT_TRUE(folded.ok()) << describe(folded.error()) << "\n" << show(run);
  }
  // What was acknowledged is there, and nothing is there twice.
  std::set<std::string> checkpoints;
  for (const LedgerRecord& record : run.chain) {
    if (record.kind != LedgerKind::checkpoint) continue;
    EXPECT_TRUE(checkpoints.insert(record.manifest.text()).second) << "written twice\n" << show(run);
  }
  for (const Told& told : run.told) {
    for (const LedgerRecord& record : told.acknowledged) {
      ASSERT_LE(record.number, run.chain.size());
      EXPECT_EQ(run.chain[record.number - 1], record) << show(run);
    }
  }
  // An epoch has one owner who was told so.
  if (run.told[0].claimed && run.told[1].claimed) {
    EXPECT_NE(run.told[0].epoch, run.told[1].epoch) << show(run);
  }
}

struct Seen {
  int runs = 0;
  int fenced = 0;
  int conflicts = 0;
  int both_claimed = 0;
};

Seen explore(const Script (&scripts)[2], const Faults& faults) {
  Choices choices;
  Seen seen;
  do {
    const Run run = run_once(choices, scripts, faults);
    expect_sound(run);
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "in run " << seen.runs;
      return seen;
    }
    ++seen.runs;
    for (const Told& told : run.told) {
      seen.fenced += told.fenced ? 1 : 0;
      seen.conflicts += told.conflicts;
    }
    seen.both_claimed += run.told[0].claimed && run.told[1].claimed ? 1 : 0;
    if (run.faults > 0) continue;
    // Without faults somebody gets through: the last who claimed.
    EXPECT_TRUE(run.told[0].completed || run.told[1].completed) << show(run);
  } while (choices.next());
  testing::Test::RecordProperty("runs", seen.runs);
  std::cout << "explored " << seen.runs << " runs\n";
  return seen;
}

class LedgerRace : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the writers take turns on one thread: there is nothing here for ThreadSanitizer";
#endif
  }
};

TEST_F(LedgerRace, EveryOrderOfTwoWholeRunsKeepsTheChain) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::checkpoint_two, Step::finish};
  const Seen seen = explore({whole, whole}, {});
  EXPECT_GT(seen.runs, 100);
  EXPECT_GT(seen.fenced, 0);
  EXPECT_GT(seen.conflicts, 0);
  EXPECT_GT(seen.both_claimed, 0);
}

TEST_F(LedgerRace, OneLostOrLateWriteAnywhereKeepsTheChain) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::finish};
  const Seen seen = explore({whole, whole}, {1, false});
  EXPECT_GT(seen.runs, 1000);
  EXPECT_GT(seen.fenced, 0);
}

TEST_F(LedgerRace, TwoLostOrLateWritesAnywhereKeepTheChain) {
  const Script holder = {Step::claim, Step::checkpoint_one};
  const Script newcomer = {Step::claim};
  const Seen seen = explore({holder, newcomer}, {2, false});
  EXPECT_GT(seen.runs, 1000);
  EXPECT_GT(seen.both_claimed, 0);
}

TEST_F(LedgerRace, LostMessagesOfALoneWriterNeverFenceIt) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::finish};
  const Seen seen = explore({whole, {}}, {2, true});
  EXPECT_GT(seen.runs, 100);
  EXPECT_EQ(seen.fenced, 0);
}

}  // namespace
}  // namespace tradewind::checkpoint
