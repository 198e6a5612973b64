// Two writers of one ledger, stepped through every order of their store calls, with lost requests, lost
// replies and requests that arrive late: the chain must come out whole each time.
#include <deque>
#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <semaphore>
#include <set>
#include <thread>

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

// A writer's view of the store: before each list and put it waits for its turn. Records never change once
// they are there, so a get needs no turn.
class SteppedStore final : public ObjectStore {
 public:
  SteppedStore(ObjectStore& inner, std::deque<LatePut>& late) : inner_(inner), late_(late) {}

  std::string url() const override { return inner_.url(); }
  Status put(std::string_view key, std::string_view bytes, PutCondition condition) override {
    const Fate fate = wait_for_turn(true);
    if (fate == Fate::late) late_.push_back({std::string(key), std::string(bytes)});
    if (fate == Fate::request_lost || fate == Fate::late) return lost();
    const Status done = inner_.put(key, bytes, condition);
    return fate == Fate::reply_lost ? lost() : done;
  }
  Result<std::string> get(std::string_view key, ByteRange range) override { return inner_.get(key, range); }
  Result<ObjectInfo> stat(std::string_view key) override { return inner_.stat(key); }
  Result<ObjectPage> list(std::string_view key_prefix, std::string_view after, std::size_t limit) override {
    if (wait_for_turn(false) != Fate::done) return lost().error();
    return inner_.list(key_prefix, after, limit);
  }
  Status remove(std::string_view key) override { return inner_.remove(key); }

  // The scheduler's side. A writer runs only between resume() and the return of wait_until_stopped().
  void wait_until_stopped() { stopped_.acquire(); }
  void resume(Fate fate) {
    fate_ = fate;
    turn_.release();
  }
  void finish() {
    finished_ = true;
    stopped_.release();
  }
  bool finished() const { return finished_; }
  bool at_put() const { return at_put_; }

 private:
  static Status lost() { return Error{Code::unavailable, "no answer"}; }
  Fate wait_for_turn(bool at_put) {
    at_put_ = at_put;
    stopped_.release();
    turn_.acquire();
    return fate_;
  }
  ObjectStore& inner_;
  std::deque<LatePut>& late_;
  std::binary_semaphore stopped_{0};
  std::binary_semaphore turn_{0};
  Fate fate_ = Fate::done;
  bool at_put_ = false;
  bool finished_ = false;
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
      const Status done = ledger_.claim(now, static_cast<std::uint64_t>(index_) + 1);
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
  Writer writers[2] = {{views[0], 0, scripts[0]}, {views[1], 1, scripts[1]}};
  Run run;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        writers[i].run();
        views[i].finish();
      });
      views[i].wait_until_stopped();
    }
    bool second_has_listed = false;
    while (!views[0].finished() || !views[1].finished()) {
      // Who is next: a writer that waits, or a put that was under way. Two lists in a row answer the same in
      // either order, so that the first writer's never comes right after the second's.
      std::vector<int> able;
      for (int i = 0; i < 2; ++i) {
        const bool same_as_before = i == 0 && second_has_listed && !views[0].at_put() && !views[1].finished();
        if (!views[i].finished() && !same_as_before) able.push_back(i);
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
      view.resume(fate);
      view.wait_until_stopped();
    }
  }
  const auto chain = read_ledger(*store, prefix, 0);
  EXPECT_TRUE(chain.ok());
  run.chain = chain.value_or({});
  EXPECT_EQ(store->list(prefix, "")->objects.size(), run.chain.size()) << "the chain has no gap";
  for (int i = 0; i < 2; ++i) run.told[i] = writers[i].told;
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

TEST(LedgerRace, EveryOrderOfTwoWholeRunsKeepsTheChain) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::checkpoint_two, Step::finish};
  const Seen seen = explore({whole, whole}, {});
  EXPECT_GT(seen.runs, 100);
  EXPECT_GT(seen.fenced, 0);
  EXPECT_GT(seen.conflicts, 0);
  EXPECT_GT(seen.both_claimed, 0);
}

TEST(LedgerRace, OneLostOrLateWriteAnywhereKeepsTheChain) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::finish};
  const Seen seen = explore({whole, whole}, {1, false});
  EXPECT_GT(seen.runs, 1000);
  EXPECT_GT(seen.fenced, 0);
}

TEST(LedgerRace, TwoLostOrLateWritesAnywhereKeepTheChain) {
  const Script holder = {Step::claim, Step::checkpoint_one};
  const Script newcomer = {Step::claim};
  const Seen seen = explore({holder, newcomer}, {2, false});
  EXPECT_GT(seen.runs, 1000);
  EXPECT_GT(seen.both_claimed, 0);
}

TEST(LedgerRace, LostMessagesOfALoneWriterNeverFenceIt) {
  const Script whole = {Step::claim, Step::checkpoint_one, Step::finish};
  const Seen seen = explore({whole, {}}, {2, true});
  EXPECT_GT(seen.runs, 100);
  EXPECT_EQ(seen.fenced, 0);
}

}  // namespace
}  // namespace tradewind::checkpoint
