#include "edge/objectstore/testing/conformance.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/random.h"

namespace tradewind::objectstore {

// Other rooms link this library for its further helpers.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreConformance);

ConformanceCase conformance_case(std::string name, std::function<Connect()> make_empty,
                                 bool across_processes) {
  return {std::move(name), std::move(make_empty), across_processes};
}

std::ostream& operator<<(std::ostream& out, const ConformanceCase& subject) {
  return out << subject.name;
}

void ObjectStoreConformance::SetUp() {
  connect_ = GetParam().make_empty();
  store_ = connect_();
}

void ObjectStoreConformance::put(std::string_view key, std::string_view bytes) {
  const Status done = store_->put(key, bytes, PutCondition::always);
  ASSERT_TRUE(done.ok()) << key << ": " << describe(done.error());
}

std::vector<std::string> ObjectStoreConformance::keys(std::string_view prefix, std::string_view after,
                                                      std::size_t limit) {
  std::vector<std::string> found;
  std::string last(after);
  while (true) {
    const Result<ObjectPage> page = store_->list(prefix, last, limit);
    if (!page.ok()) {
      ADD_FAILURE() << describe(page.error());
      return found;
    }
    EXPECT_LE(page->objects.size(), limit);
    for (const ObjectInfo& object : page->objects) found.push_back(object.key);
    if (!page->more) return found;
    if (page->objects.empty()) {
      ADD_FAILURE() << "a page without objects says that there is more";
      return found;
    }
    last = found.back();
  }
}

namespace {

using Keys = std::vector<std::string>;

Code code_of(const Status& status) {
  return status.ok() ? Code::internal : status.error().code;
}
template <class T>
Code code_of(const Result<T>& result) {
  return result.ok() ? Code::internal : result.error().code;
}

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string bytes;
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

TEST_P(ObjectStoreConformance, WhatWasPutIsReadBackAndReplaced) {
  put("job/status.json", "first");
  EXPECT_EQ(store_->get("job/status.json").value_or("?"), "first");
  put("job/status.json", "the second one");
  EXPECT_EQ(store_->get("job/status.json").value_or("?"), "the second one");
  EXPECT_EQ(connect_()->get("job/status.json").value_or("?"), "the second one");
}

TEST_P(ObjectStoreConformance, AMissingObjectIsNotFound) {
  EXPECT_EQ(code_of(store_->get("absent")), Code::not_found);
  EXPECT_EQ(code_of(store_->get("absent/deeper/key")), Code::not_found);
  EXPECT_EQ(code_of(store_->stat("absent")), Code::not_found);
  put("here/object", "x");
  EXPECT_EQ(code_of(store_->get("here")), Code::not_found);
  EXPECT_EQ(code_of(store_->stat("here")), Code::not_found);
  EXPECT_EQ(code_of(store_->get("here/object/below")), Code::not_found);
}

TEST_P(ObjectStoreConformance, AnEmptyObjectIsAnObject) {
  put("empty", "");
  EXPECT_EQ(store_->get("empty").value_or("?"), "");
  const Result<ObjectInfo> info = store_->stat("empty");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->size_bytes, 0U);
  EXPECT_EQ(keys(""), Keys{"empty"});
  EXPECT_EQ(code_of(store_->put("empty", "x", PutCondition::if_absent)), Code::conflict);
}

TEST_P(ObjectStoreConformance, AllByteValuesSurvive) {
  std::string bytes;
  for (int round = 0; round < 3; ++round) {
    for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  }
  put("binary", bytes);
  EXPECT_TRUE(store_->get("binary").value_or("") == bytes);
}

TEST_P(ObjectStoreConformance, ALargeObjectSurvives) {
  const std::string bytes = random_bytes(std::size_t{64} << 20, 7);
  put("large", bytes);
  const Result<std::string> back = store_->get("large");
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(*back == bytes);
  const Result<std::string> part = store_->get("large", {(std::uint64_t{63} << 20) + 5, 1000});
  ASSERT_TRUE(part.ok());
  EXPECT_TRUE(*part == bytes.substr((std::size_t{63} << 20) + 5, 1000));
}

TEST_P(ObjectStoreConformance, RangesAnswerWhatThereIs) {
  put("digits", "0123456789");
  const auto part = [this](std::uint64_t offset, std::optional<std::uint64_t> length) {
    return store_->get("digits", {offset, length}).value_or("error");
  };
  EXPECT_EQ(part(0, std::nullopt), "0123456789");
  EXPECT_EQ(part(3, std::nullopt), "3456789");
  EXPECT_EQ(part(3, 4), "3456");
  EXPECT_EQ(part(8, 100), "89");
  EXPECT_EQ(part(9, 1), "9");
  EXPECT_EQ(part(10, 5), "");
  EXPECT_EQ(part(1000, std::nullopt), "");
  EXPECT_EQ(part(4, 0), "");
  EXPECT_EQ(part(1, ~std::uint64_t{0}), "123456789");
}

TEST_P(ObjectStoreConformance, StatTellsSizeAndKey) {
  put("a/b", "12345");
  const Result<ObjectInfo> info = store_->stat("a/b");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->key, "a/b");
  EXPECT_EQ(info->size_bytes, 5U);
  const Result<ObjectPage> page = store_->list("a/", "");
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 1U);
  EXPECT_EQ(page->objects[0].size_bytes, 5U);
  EXPECT_EQ(page->objects[0].modified_at, info->modified_at);
}

TEST_P(ObjectStoreConformance, CreateIfAbsentNeverReplaces) {
  ASSERT_TRUE(store_->put("ledger/00000001", "mine", PutCondition::if_absent).ok());
  EXPECT_EQ(code_of(store_->put("ledger/00000001", "theirs", PutCondition::if_absent)), Code::conflict);
  EXPECT_EQ(code_of(connect_()->put("ledger/00000001", "mine", PutCondition::if_absent)), Code::conflict);
  EXPECT_EQ(store_->get("ledger/00000001").value_or("?"), "mine");
  ASSERT_TRUE(store_->remove("ledger/00000001").ok());
  EXPECT_TRUE(store_->put("ledger/00000001", "again", PutCondition::if_absent).ok());
}

TEST_P(ObjectStoreConformance, OfRacingThreadsExactlyOneCreates) {
  constexpr int threads = 32;
  constexpr int rounds = 20;
  std::array<std::atomic<int>, rounds> wins{};
  std::array<std::atomic<int>, rounds> winner{};
  std::atomic<int> other_errors = 0;
  std::barrier start(threads);
  {
    std::vector<std::jthread> racers;
    racers.reserve(threads);
    for (int racer = 0; racer < threads; ++racer) {
      racers.emplace_back([&, racer, store = connect_()] {
        for (std::size_t round = 0; round < rounds; ++round) {
          start.arrive_and_wait();
          const Status done = store->put("race/" + std::to_string(round) + "/ledger", std::to_string(racer),
                                         PutCondition::if_absent);
          if (done.ok()) {
            ++wins[round];
            winner[round] = racer;
          } else if (done.error().code != Code::conflict) {
            ++other_errors;
          }
        }
      });
    }
  }
  EXPECT_EQ(other_errors, 0);
  for (std::size_t round = 0; round < rounds; ++round) {
    EXPECT_EQ(wins[round], 1) << "round " << round;
    EXPECT_EQ(store_->get("race/" + std::to_string(round) + "/ledger").value_or("?"),
              std::to_string(winner[round]));
  }
}

// A child that tries to create each key and answers with the number of those it created; 255: another error.
int created_by_child(ObjectStore& store, int start_pipe, int rounds, const std::string& name) {
  char byte = 0;
  if (::read(start_pipe, &byte, 1) < 0) return 255;  // all begin when the parent closes the pipe
  int created = 0;
  for (int round = 0; round < rounds; ++round) {
    const Status done = store.put("race/" + std::to_string(round), name, PutCondition::if_absent);
    if (done.ok()) ++created;
    if (!done.ok() && done.error().code != Code::conflict) return 255;
  }
  return created;
}

TEST_P(ObjectStoreConformance, OfRacingProcessesExactlyOneCreates) {
  if (!GetParam().across_processes) GTEST_SKIP() << "this store lives in one process";
  constexpr int rounds = 50;
  std::array<int, 2> start{};
  ASSERT_EQ(::pipe(start.data()), 0);
  std::vector<pid_t> children;
  for (int child = 0; child < 6; ++child) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(start[1]);
      ::_exit(created_by_child(*connect_(), start[0], rounds, std::to_string(child)));
    }
    children.push_back(pid);
  }
  ::close(start[0]);
  ::close(start[1]);
  int created = 0;
  for (const pid_t child : children) {
    int state = 0;
    ASSERT_EQ(::waitpid(child, &state, 0), child);
    ASSERT_TRUE(WIFEXITED(state));
    ASSERT_NE(WEXITSTATUS(state), 255) << "a child met an error that is no conflict";
    created += WEXITSTATUS(state);
  }
  EXPECT_EQ(created, rounds);
  EXPECT_EQ(keys("race/").size(), static_cast<std::size_t>(rounds));
}

TEST_P(ObjectStoreConformance, AnObjectIsSeenWholeWhileItIsReplaced) {
  const auto content = [](int version) {
    return std::string(static_cast<std::size_t>(1 + version % 7) * 50000,
                       static_cast<char>('a' + version % 26));
  };
  put("busy", content(0));
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> failed = 0;
  constexpr int readers_count = 3;
  std::vector<std::jthread> readers;
  readers.reserve(readers_count);
  for (int reader = 0; reader < readers_count; ++reader) {
    readers.emplace_back([&, store = connect_()] {
      while (!done) {
        const Result<std::string> seen = store->get("busy");
        if (!seen.ok()) {
          ++failed;
          continue;
        }
        const bool one_letter = seen->find_first_not_of(seen->substr(0, 1)) == std::string::npos;
        if (seen->empty() || seen->size() % 50000 != 0 || !one_letter) ++torn;
      }
    });
  }
  for (int version = 1; version <= 200; ++version) put("busy", content(version));
  done = true;
  readers.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(store_->get("busy").value_or("") == content(200));
}

TEST_P(ObjectStoreConformance, ListsAreInByteOrderOverAllDepths) {
  // '-' and '.' sort before '/', digits and letters after it: "a-b" stands before what lies in "a/".
  const Keys sorted = {"A",  "a-b", "a.b/c", "a/b/c/d", "a/b0", "a/z", "a0",
                       "aB", "a_",  "ab",    "b/0",     "b/00", "c"};
  Keys shuffled = {sorted.rbegin(), sorted.rend()};
  std::swap(shuffled[2], shuffled[9]);
  for (const std::string& key : shuffled) put(key, key);
  EXPECT_EQ(keys(""), sorted);
  for (std::size_t limit = 1; limit <= sorted.size() + 1; ++limit) EXPECT_EQ(keys("", "", limit), sorted);
}

TEST_P(ObjectStoreConformance, PrefixesMatchBytesNotFolders) {
  for (const char* key : {"a/b", "a/bc", "a/bd/e", "ab", "b", "a-"}) put(key, "x");
  EXPECT_EQ(keys("a/b"), (Keys{"a/b", "a/bc", "a/bd/e"}));
  EXPECT_EQ(keys("a/"), (Keys{"a/b", "a/bc", "a/bd/e"}));
  EXPECT_EQ(keys("a"), (Keys{"a-", "a/b", "a/bc", "a/bd/e", "ab"}));
  EXPECT_EQ(keys("a/bd/e"), (Keys{"a/bd/e"}));
  EXPECT_EQ(keys("a/bd/e/"), Keys{});
  EXPECT_EQ(keys("a/b/"), Keys{});
  EXPECT_EQ(keys("c"), Keys{});
  EXPECT_EQ(keys("/"), Keys{});
  EXPECT_EQ(keys("../"), Keys{});
  EXPECT_EQ(keys("a//"), Keys{});
}

TEST_P(ObjectStoreConformance, PagesContinueAfterAnyKey) {
  for (const char* key : {"d/1", "d/2", "d/3", "d/4", "e"}) put(key, "x");
  EXPECT_EQ(keys("d/", "d/2"), (Keys{"d/3", "d/4"}));
  EXPECT_EQ(keys("d/", "d/25"), (Keys{"d/3", "d/4"}));
  EXPECT_EQ(keys("d/", "a"), (Keys{"d/1", "d/2", "d/3", "d/4"}));
  EXPECT_EQ(keys("d/", "d/4"), Keys{});
  EXPECT_EQ(keys("d/", "z"), Keys{});
  EXPECT_EQ(keys("", "d"), (Keys{"d/1", "d/2", "d/3", "d/4", "e"}));
  const Result<ObjectPage> full = store_->list("d/", "", 4);
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->objects.size(), 4U);
  EXPECT_FALSE(full->more) << "the last page is full, but nothing follows it";
  const Result<ObjectPage> part = store_->list("d/", "", 3);
  ASSERT_TRUE(part.ok());
  EXPECT_TRUE(part->more);
}

TEST_P(ObjectStoreConformance, AnyConnectionContinuesAList) {
  const Keys sorted = {"a", "b-c", "b/1/x", "b/1/y", "b/2/x", "b/3", "b0", "c/1/1/1", "c/1/2", "d"};
  for (const std::string& key : sorted) put(key, "x");
  for (const std::size_t limit : {std::size_t{1}, std::size_t{3}}) {
    Keys found;
    for (bool more = true; more;) {
      const Result<ObjectPage> page = connect_()->list("", found.empty() ? "" : found.back(), limit);
      ASSERT_TRUE(page.ok()) << describe(page.error());
      for (const ObjectInfo& object : page->objects) found.push_back(object.key);
      more = page->more;
      ASSERT_LE(found.size(), sorted.size());
    }
    EXPECT_EQ(found, sorted) << "pages of " << limit;
  }
}

TEST_P(ObjectStoreConformance, MoreThanOnePageOfDefaultSize) {
  Keys expected;
  for (int i = 0; i < 1100; ++i) {
    expected.push_back("many/" + std::to_string(10000 + i));
    put(expected.back(), "");
  }
  const Result<ObjectPage> page = store_->list("many/", "");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->objects.size(), 1000U);
  EXPECT_TRUE(page->more);
  EXPECT_EQ(keys("many/"), expected);
}

TEST_P(ObjectStoreConformance, RemovingTwiceIsNoError) {
  put("gone", "x");
  EXPECT_TRUE(store_->remove("gone").ok());
  EXPECT_TRUE(store_->remove("gone").ok());
  EXPECT_TRUE(store_->remove("never/was").ok());
  EXPECT_EQ(code_of(store_->get("gone")), Code::not_found);
  EXPECT_EQ(keys(""), Keys{});
}

TEST_P(ObjectStoreConformance, RemovingWhatIsOlderSparesWhatIsYoung) {
  put("folder/object", "x");
  const Result<ObjectInfo> info = store_->stat("folder/object");
  ASSERT_TRUE(info.ok()) << describe(info.error());
  const std::chrono::hours hour(1);
  for (const Time limit : {info->modified_at - hour, info->modified_at}) {
    const Status spared = store_->remove_if_older("folder/object", limit);
    ASSERT_FALSE(spared.ok());
    EXPECT_EQ(spared.error().code, Code::conflict) << describe(spared.error());
    EXPECT_EQ(store_->get("folder/object").value_or("?"), "x");
  }
  const Status removed = store_->remove_if_older("folder/object", info->modified_at + hour);
  EXPECT_TRUE(removed.ok()) << describe(removed.error());
  EXPECT_EQ(code_of(store_->get("folder/object")), Code::not_found);
  EXPECT_TRUE(store_->remove_if_older("folder/object", info->modified_at).ok()) << "absent counts as removed";
  EXPECT_TRUE(store_->remove_if_older("never/was", info->modified_at).ok());
}

TEST_P(ObjectStoreConformance, RemovingAPrefixOfKeysRemovesNothing) {
  put("folder/object", "x");
  EXPECT_TRUE(store_->remove("folder").ok());
  EXPECT_EQ(store_->get("folder/object").value_or("?"), "x");
}

TEST_P(ObjectStoreConformance, BadKeysAreRefusedByEveryCall) {
  const Keys bad = {"",     "/a",   "a/",    "a//b",  ".",           "..",
                    "../a", "a/..", "a/./b", "a\x7f", "a\nb",        std::string("a\0b", 3),
                    "a\\b", "~tmp", "\xc3",  "a\tb",  "a/~tmp/file", std::string(1025, 'a')};
  for (const std::string& key : bad) {
    EXPECT_EQ(code_of(store_->put(key, "x", PutCondition::always)), Code::invalid_argument) << key;
    EXPECT_EQ(code_of(store_->put(key, "x", PutCondition::if_absent)), Code::invalid_argument) << key;
    EXPECT_EQ(code_of(store_->get(key)), Code::invalid_argument) << key;
    EXPECT_EQ(code_of(store_->stat(key)), Code::invalid_argument) << key;
    EXPECT_EQ(code_of(store_->remove(key)), Code::invalid_argument) << key;
  }
  EXPECT_EQ(keys(""), Keys{});
}

TEST_P(ObjectStoreConformance, NamesAsPeopleGiveThemAreKeys) {
  const Keys given = {"100%/a+b=c&d.bin", "it's #1 (new), [draft]; {x}?.txt", "year=2024/a b.txt",
                      "\xed\x95\x9c\xea\xb8\x80/<\xc3\xa9>.txt"};
  for (const std::string& key : given) put(key, "bytes of " + key);
  EXPECT_EQ(keys(""), given);
  EXPECT_EQ(keys("year=2024/a "), Keys{given[2]});
  EXPECT_EQ(keys("", given[0]), (Keys{given[1], given[2], given[3]}));
  EXPECT_EQ(keys("", "", 1), given);
  for (const std::string& key : given) {
    EXPECT_EQ(store_->get(key).value_or("?"), "bytes of " + key);
    EXPECT_EQ(store_->stat(key).value_or(ObjectInfo{}).size_bytes, key.size() + 9) << key;
    EXPECT_EQ(code_of(store_->put(key, "x", PutCondition::if_absent)), Code::conflict) << key;
    EXPECT_TRUE(store_->remove(key).ok()) << key;
  }
  EXPECT_EQ(keys(""), Keys{});
}

TEST_P(ObjectStoreConformance, LongKeysWork) {
  std::string key;
  while (key.size() < 1000) key += std::string(199, 'k') + "/";
  key += "last";
  put(key, "deep");
  EXPECT_EQ(store_->get(key).value_or("?"), "deep");
  EXPECT_EQ(keys("k"), Keys{key});
}

TEST_P(ObjectStoreConformance, TheUrlNamesTheStoreAndNoSecret) {
  EXPECT_NE(store_->url().find(':'), std::string::npos) << store_->url();
  EXPECT_EQ(store_->url().find('@'), std::string::npos) << store_->url();
  EXPECT_EQ(store_->url(), connect_()->url());
}

}  // namespace
}  // namespace tradewind::objectstore
