// The store over a real sshd: beside the file store, under faults, and what it says when something is wrong.
#include "edge/objectstore/sftp/sftp_store.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/random.h"
#include "edge/io/process_table.h"
#include "edge/objectstore/file_store.h"
#include "edge/objectstore/registry.h"
#include "edge/objectstore/store_probe.h"
#include "edge/objectstore/testing/ssh_server.h"

namespace tradewind::objectstore {
namespace {

namespace fs = std::filesystem;

SshServer& shared_server() {
  static SshServer server;
  return server;
}

StoreTuning hasty() {
  StoreTuning tuning;
  tuning.delay_first = Duration(10);
  tuning.delay_max = Duration(100);
  tuning.reply_patience = Duration(20'000);
  return tuning;
}

std::unique_ptr<ObjectStore> opened(const std::string& url, const cloud::Variables& environment,
                                    const StoreTuning& tuning = hasty()) {
  Result<std::unique_ptr<ObjectStore>> store = open_sftp_store(url, environment, tuning);
  EXPECT_TRUE(store.ok()) << describe(store.error());
  return store.ok() ? *std::move(store) : nullptr;
}

std::unique_ptr<ObjectStore> opened(const SshServer& server, const std::string& folder) {
  return opened(SshServer::url(folder), server.environment());
}

std::string random_text(std::size_t size) {
  Random random(11);
  std::string bytes;
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result.ok() ? "no error"
                     : std::string(to_text(result.error().code)) + ": " + describe(result.error());
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t temporaries(const fs::path& root) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(root / "~tmp"), fs::directory_iterator()));
}

// What is removed without waiting for it is gone soon.
void expect_no_temporaries(const fs::path& root) {
  for (int i = 0; i < 100 && temporaries(root) > 0; ++i) std::this_thread::sleep_for(Duration(20));
  EXPECT_EQ(temporaries(root), 0U);
}

// --- beside the file store ---

TEST(SftpStore, OneFolderServesTheHostItselfAndThoseWhoReachItBySsh) {
  const std::string folder = shared_server().fresh_folder();
  const auto far = opened(shared_server(), folder);
  ASSERT_TRUE(far->put("runs/a", "from afar", PutCondition::if_absent).ok());
  const auto near = open_file_store(folder);
  ASSERT_TRUE(near.ok());
  EXPECT_EQ((*near)->get("runs/a").value_or("?"), "from afar");
  ASSERT_TRUE((*near)->put("runs/b", "from here", PutCondition::if_absent).ok());
  EXPECT_EQ(far->get("runs/b").value_or("?"), "from here");
  EXPECT_EQ(error_of(far->put("runs/b", "x", PutCondition::if_absent)).substr(0, 9), "conflict:");
  EXPECT_EQ(error_of((*near)->put("runs/a", "x", PutCondition::if_absent)).substr(0, 9), "conflict:");
  const Result<ObjectPage> here = (*near)->list("", "");
  const Result<ObjectPage> there = far->list("", "");
  ASSERT_TRUE(here.ok() && there.ok());
  ASSERT_EQ(here->objects.size(), 2U);
  ASSERT_EQ(there->objects.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(there->objects[i].key, here->objects[i].key);
    EXPECT_EQ(there->objects[i].size_bytes, here->objects[i].size_bytes);
    EXPECT_EQ(there->objects[i].modified_at,
              std::chrono::floor<std::chrono::seconds>(here->objects[i].modified_at));
  }
  expect_no_temporaries(folder);
}

TEST(SftpStore, OfWritersByFileAndBySshExactlyOneCreates) {
  const std::string folder = shared_server().fresh_folder();
  constexpr int rounds = 30;
  constexpr int writers = 6;
  std::array<std::atomic<int>, rounds> wins{};
  std::atomic<int> other_errors = 0;
  {
    std::vector<std::jthread> racers;
    racers.reserve(writers);
    for (int racer = 0; racer < writers; ++racer) {
      racers.emplace_back([&, racer] {
        const std::shared_ptr<ObjectStore> store =
            racer % 2 == 0 ? opened(shared_server(), folder) : open_file_store(folder).value();
        for (std::size_t round = 0; round < rounds; ++round) {
          const Status done = store->put("ledger/" + std::to_string(round), "x", PutCondition::if_absent);
          if (done.ok()) ++wins[round];
          if (!done.ok() && done.error().code != Code::conflict) ++other_errors;
        }
      });
    }
  }
  EXPECT_EQ(other_errors, 0);
  for (const auto& won : wins) EXPECT_EQ(won, 1);
}

TEST(SftpStore, LinksAndPipesAreNoObjects) {
  const std::string folder = shared_server().fresh_folder();
  const auto store = opened(shared_server(), folder);
  ASSERT_TRUE(store->put("real", "x", PutCondition::always).ok());
  fs::create_symlink(fs::path(folder) / "real", fs::path(folder) / "link");
  fs::create_directory_symlink(folder, fs::path(folder) / "loop");
  EXPECT_TRUE(holds(error_of(store->get("link")), "corrupt: ")) << error_of(store->get("link"));
  EXPECT_TRUE(holds(error_of(store->stat("link")), "symbolic link"));
  const Result<ObjectPage> page = store->list("", "");
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 1U);
  EXPECT_EQ(page->objects[0].key, "real");
}

TEST(SftpStore, AnObjectAndAFolderCannotHaveOneName) {
  const auto store = opened(shared_server(), shared_server().fresh_folder());
  ASSERT_TRUE(store->put("a", "x", PutCondition::always).ok());
  ASSERT_TRUE(store->put("b/c", "x", PutCondition::always).ok());
  for (const PutCondition condition : {PutCondition::always, PutCondition::if_absent}) {
    EXPECT_TRUE(holds(error_of(store->put("a/below", "x", condition)), "invalid_argument: "))
        << error_of(store->put("a/below", "x", condition));
    EXPECT_TRUE(holds(error_of(store->put("a/far/below", "x", condition)), "invalid_argument: "));
    EXPECT_TRUE(holds(error_of(store->put("b", "x", condition)), "cannot have the same name"))
        << error_of(store->put("b", "x", condition));
  }
  EXPECT_EQ(store->get("b/c").value_or("?"), "x");
}

TEST(SftpStore, AStoreThatNobodyMadeIsEmptyAndOneThatVanishedIsNot) {
  const std::string folder = shared_server().fresh_folder();
  const auto store = opened(shared_server(), folder);
  EXPECT_TRUE(holds(error_of(store->get("x")), "not_found: "));
  EXPECT_TRUE(store->list("", "").ok());
  EXPECT_TRUE(store->remove("x").ok());
  EXPECT_FALSE(fs::exists(folder)) << "looking makes nothing";
  ASSERT_TRUE(store->put("x", "1", PutCondition::always).ok());
  expect_no_temporaries(folder);
  fs::remove_all(folder);
  for (const std::string& error : {error_of(store->get("x")), error_of(store->stat("x")),
                                   error_of(store->list("", "")), error_of(store->remove("x"))}) {
    EXPECT_TRUE(holds(error, "unavailable: the store's folder")) << error;
  }
}

TEST(SftpStore, WhatCrashesLeftIsRemovedAfterADay) {
  const std::string folder = shared_server().fresh_folder();
  fs::create_directories(fs::path(folder) / "~tmp");
  write_file(fs::path(folder) / "~tmp/old", "x");
  write_file(fs::path(folder) / "~tmp/new", "x");
  fs::last_write_time(fs::path(folder) / "~tmp/old",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  const auto store = opened(shared_server(), folder);
  ASSERT_TRUE(store->put("x", "1", PutCondition::always).ok());
  for (int i = 0; i < 100 && temporaries(folder) > 1; ++i) std::this_thread::sleep_for(Duration(20));
  EXPECT_FALSE(fs::exists(fs::path(folder) / "~tmp/old"));
  EXPECT_TRUE(fs::exists(fs::path(folder) / "~tmp/new"));
}

TEST(SftpStore, ListsReachWideAndDeepAndStopWhereTheyMay) {
  const std::string folder = shared_server().fresh_folder();
  const auto near = open_file_store(folder);
  ASSERT_TRUE(near.ok());
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "chunks/" + std::to_string(100 + i) + "/" + std::to_string(i % 7) + "/data";
    ASSERT_TRUE((*near)->put(key, "x", PutCondition::always).ok());
    expected.push_back(key);
  }
  const auto far = opened(shared_server(), folder);
  const Result<ObjectPage> all = far->list("", "");
  const Result<ObjectPage> part = far->list("chunks/1", "chunks/149/6", 10);
  ASSERT_TRUE(all.ok() && part.ok());
  std::vector<std::string> found;
  for (const ObjectInfo& object : all->objects) found.push_back(object.key);
  EXPECT_EQ(found, expected);
  ASSERT_EQ(part->objects.size(), 10U);
  EXPECT_TRUE(part->more);
  EXPECT_EQ(part->objects.front().key, expected[50]);
}

// --- faults ---

StoreTuning stubborn() {
  StoreTuning tuning = hasty();
  tuning.attempts_max = 1000;
  tuning.patience = Duration(300'000);
  return tuning;
}

// Kills all sessions of a server again and again, at times that nobody knows. It grows slower: where a login
// takes a second, since the machine is busy, one must live long enough in the end.
class Killer {
 public:
  explicit Killer(const SshServer& server)
      : thread_([this, &server] {
          Random random(5);
          for (Duration::rep rest_ms = 100; !done_; rest_ms += 20) {
            std::this_thread::sleep_for(Duration(rest_ms + static_cast<Duration::rep>(random.below(400))));
            killed_ += server.kill_sessions();
          }
        }) {}
  ~Killer() { done_ = true; }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;
  // How many processes it killed.
  int stop() {
    done_ = true;
    thread_.join();
    return killed_;
  }

 private:
  std::atomic<bool> done_ = false;
  std::atomic<int> killed_ = 0;
  std::jthread thread_;
};

TEST(SftpStore, SessionsThatAreKilledUnderPutsAndGetsLoseNothing) {
  const SshServer server;
  const std::string folder = server.fresh_folder();
  const StoreTuning tuning = stubborn();
  const auto store = opened(SshServer::url(folder), server.environment(), tuning);
  const std::string bytes = random_text(std::size_t{3} << 20);
  Killer killer(server);
  constexpr int rounds = 8;
  for (int round = 0; round < rounds; ++round) {
    const std::string key = "round/" + std::to_string(round);
    const Status created = store->put(key, bytes, PutCondition::if_absent);
    ASSERT_TRUE(created.ok()) << describe(created.error());
    const Result<std::string> back = store->get(key);
    ASSERT_TRUE(back.ok()) << describe(back.error());
    EXPECT_TRUE(*back == bytes);
    const Status replaced = store->put(key, std::to_string(round), PutCondition::always);
    ASSERT_TRUE(replaced.ok()) << describe(replaced.error());
  }
  EXPECT_GT(killer.stop(), 0);
  const Result<ObjectPage> page = store->list("", "");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->objects.size(), static_cast<std::size_t>(rounds));
  for (int round = 0; round < rounds; ++round) {
    EXPECT_EQ(read_file(fs::path(folder) / "round" / std::to_string(round)), std::to_string(round));
  }
}

TEST(SftpStore, ManySmallCreatesUnderKillsAreEachToldTheirOwn) {
  const SshServer server;
  const std::string folder = server.fresh_folder();
  const StoreTuning tuning = stubborn();
  Killer killer(server);
  constexpr std::size_t keys = 150;
  std::array<std::atomic<int>, keys> wins{};
  std::array<std::atomic<int>, keys> winner{};
  std::atomic<int> other_errors = 0;
  {
    std::vector<std::jthread> writers;
    writers.reserve(3);
    for (int writer = 0; writer < 3; ++writer) {
      writers.emplace_back([&, writer] {
        const auto store = opened(SshServer::url(folder), server.environment(), tuning);
        for (std::size_t key = 0; key < keys; ++key) {
          // All write the same number of bytes: only the files tell them apart.
          const Status put =
              store->put("ledger/" + std::to_string(key), std::to_string(writer), PutCondition::if_absent);
          if (put.ok()) {
            ++wins[key];
            winner[key] = writer;
          } else if (put.error().code != Code::conflict) {
            ++other_errors;
            ADD_FAILURE() << describe(put.error());
          }
        }
      });
    }
  }
  EXPECT_GT(killer.stop(), 0);
  EXPECT_EQ(other_errors, 0);
  for (std::size_t key = 0; key < keys; ++key) {
    EXPECT_EQ(wins[key], 1) << key;
    EXPECT_EQ(read_file(fs::path(folder) / "ledger" / std::to_string(key)), std::to_string(winner[key]));
  }
}

TEST(SftpStore, AServerThatComesBackIsFoundAgain) {
  auto server = std::make_unique<SshServer>();
  const auto store = opened(*server, server->fresh_folder());
  ASSERT_TRUE(store->put("x", "1", PutCondition::always).ok());
  EXPECT_GT(server->kill_sessions(), 0);
  EXPECT_EQ(store->get("x").value_or("?"), "1");
  server->stop();
  const std::string error = error_of(store->get("x"));
  EXPECT_TRUE(holds(error, "unavailable: cannot reach nas by SFTP: ssh says: ")) << error;
  EXPECT_TRUE(holds(error, "Connection refused")) << error;
  EXPECT_TRUE(holds(error, "no SSH server listens there")) << error;
}

std::size_t living_children() {
  const std::vector<io::ProcessInfo> table = io::list_processes();
  return static_cast<std::size_t>(std::count_if(
      table.begin(), table.end(),
      [](const io::ProcessInfo& process) { return process.parent == ::getpid() && !process.ended(); }));
}

TEST(SftpStore, NoProcessIsLeftWhenTheStoreIsGone) {
  const SshServer server;
  const std::size_t before = living_children();
  auto store = opened(server, server.fresh_folder());
  EXPECT_EQ(living_children(), before) << "nothing is connected before it is needed";
  ASSERT_TRUE(store->put("x", "1", PutCondition::always).ok());
  EXPECT_GT(living_children(), before);
  store.reset();
  EXPECT_EQ(living_children(), before);
}

// --- servers that cannot, and clients that may not ---

TEST(SftpStore, AServerWithoutHardLinksIsUnfitForLedgersAndSaysSo) {
  const SshServer server(sftp_server_program("-P hardlink"));
  const auto store = opened(server, server.fresh_folder());
  EXPECT_TRUE(store->put("x", "1", PutCondition::always).ok());
  const std::string error = error_of(store->put("y", "1", PutCondition::if_absent));
  EXPECT_TRUE(holds(error, "invalid_argument: ")) << error;
  EXPECT_TRUE(holds(error, "hardlink@openssh.com")) << error;
  const Result<StorePrimitives> proofs = probe(*store, {.writers = 2, .rounds = 1, .payload_bytes = 10000});
  ASSERT_TRUE(proofs.ok()) << describe(proofs.error());
  EXPECT_TRUE(proofs->holds_objects());
  EXPECT_FALSE(proofs->fit_for_ledgers());
}

TEST(SftpStore, AServerThatCannotReplaceInOneStepIsRefused) {
  const SshServer server(sftp_server_program("-P posix-rename"));
  const auto store = opened(server, server.fresh_folder());
  EXPECT_TRUE(store->put("y", "1", PutCondition::if_absent).ok());
  const std::string error = error_of(store->put("x", "1", PutCondition::always));
  EXPECT_TRUE(holds(error, "invalid_argument: ") && holds(error, "posix-rename@openssh.com")) << error;
}

TEST(SftpStore, ASoundStorePassesTheProbe) {
  const auto store = opened(shared_server(), shared_server().fresh_folder());
  const Result<StorePrimitives> proofs = probe(*store, {.writers = 4, .rounds = 2, .payload_bytes = 100000});
  ASSERT_TRUE(proofs.ok()) << describe(proofs.error());
  EXPECT_TRUE(proofs->fit_for_ledgers());
}

TEST(SftpStore, AWriteThatTheServerFailsIsUnavailableAndLeavesNothing) {
  // Files of at most 64 KiB, as a quota would have it; the signal that goes with the limit is ignored.
  const TemporaryFolder scripts;
  const fs::path script = scripts.path() / "limited";
  write_file(script, "#!/bin/sh\ntrap '' XFSZ\nulimit -f 128\nexec " + sftp_server_program("") + "\n");
  fs::permissions(script, fs::perms::owner_all);
  const SshServer server(script.string());
  const std::string folder = server.fresh_folder();
  const auto store = opened(server, folder);
  ASSERT_TRUE(store->put("small", "x", PutCondition::always).ok());
  const std::string error = error_of(store->put("large", random_text(1 << 20), PutCondition::always));
  EXPECT_TRUE(holds(error, "unavailable: cannot write '") &&
              holds(error, "on nas: the server says 'Failure'"))
      << error;
  EXPECT_TRUE(holds(error, "a full disk, a quota")) << error;
  EXPECT_TRUE(holds(error_of(store->get("large")), "not_found: "));
  expect_no_temporaries(folder);
}

TEST(SftpStore, AReadOnlyServerIsReadAndNotWritten) {
  const SshServer server(sftp_server_program("-R"));
  const std::string folder = server.fresh_folder();
  fs::create_directories(folder);
  write_file(fs::path(folder) / "there", "bytes");
  const auto store = opened(server, folder);
  EXPECT_EQ(store->get("there").value_or("?"), "bytes");
  const std::string error = error_of(store->put("x", "1", PutCondition::always));
  EXPECT_TRUE(holds(error, "unauthorized: ") || holds(error, "invalid_argument: ")) << error;
  EXPECT_TRUE(holds(error_of(store->remove("there")), "unauthorized: ")) << error_of(store->remove("there"));
}

TEST(SftpStore, EachFailureToConnectIsToldWithItsCure) {
  struct Failure {
    const char* config;
    const char* code;
    const char* words;
    const char* cure;
  };
  for (const Failure& failure : {
           Failure{"PubkeyAuthentication no", "unauthorized: ", "Permission denied (publickey)",
                   "ssh-copy-id"},
           Failure{"UserKnownHostsFile /dev/null", "unauthorized: ", "Host key verification failed",
                   "~/.ssh/known_hosts"},
           Failure{"Port 1", "unavailable: ", "Connection refused", "no SSH server listens there"},
           Failure{"HostName no-such-host.invalid", "unavailable: ", "Could not resolve hostname", ""},
           Failure{"NoSuchOption yes", "invalid_argument: ", "Bad configuration option", "~/.ssh/config"},
       }) {
    StoreTuning tuning = hasty();
    tuning.attempts_max = 2;
    const cloud::Variables environment = shared_server().environment_with(failure.config);
    const auto store = opened(SshServer::url("/nowhere"), environment, tuning);
    const std::string error = error_of(store->get("x"));
    EXPECT_TRUE(error.starts_with(failure.code)) << error;
    EXPECT_TRUE(holds(error, failure.words)) << error;
    EXPECT_TRUE(holds(error, failure.cure)) << error;
    EXPECT_TRUE(holds(error, "nas")) << error;
  }
}

TEST(SftpStore, AServerWithoutTheSubsystemIsNamed) {
  const SshServer server("");
  const auto store = opened(server, "/nowhere");
  const std::string error = error_of(store->get("x"));
  EXPECT_TRUE(holds(error, "invalid_argument: ") && holds(error, "subsystem request failed")) << error;
  EXPECT_TRUE(holds(error, "Subsystem sftp internal-sftp")) << error;
}

TEST(SftpStore, AShellThatTalksIsNamed) {
  const SshServer server("/bin/echo Welcome to the machine");
  const auto store = opened(server, "/nowhere");
  const std::string error = error_of(store->get("x"));
  EXPECT_TRUE(holds(error, "begins with 'Welcome to the machine'")) << error;
}

TEST(SftpStore, AServerThatNeverSpeaksIsGivenUp) {
  const SshServer server("/bin/sleep 60");
  StoreTuning tuning = hasty();
  tuning.reply_patience = Duration(1'500);
  tuning.attempts_max = 2;
  const auto store = opened(SshServer::url("/nowhere"), server.environment(), tuning);
  const std::string error = error_of(store->get("x"));
  EXPECT_TRUE(
      holds(error, "unavailable: cannot reach nas by SFTP: the SFTP server has not answered for 1.5s"))
      << error;
}

TEST(SftpStore, WithoutSshTheCureIsToInstallIt) {
  const auto store =
      opened("sftp://nas/srv", {{"TRADEWIND_SSH", "no-such-ssh"}, {"PATH", "/usr/bin"}}, hasty());
  const std::string error = error_of(store->get("x"));
  EXPECT_TRUE(holds(error, "no program 'no-such-ssh'") && holds(error, "openssh-client")) << error;
}

TEST(SftpStore, TheRegistryKnowsTheScheme) {
  const auto store = open_store("sftp://ana@nas:2222/srv/runs");
  ASSERT_TRUE(store.ok()) << describe(store.error());
  EXPECT_EQ((*store)->url(), "sftp://ana@nas:2222/srv/runs");
  EXPECT_TRUE(holds(error_of(open_store("sfpt://nas/srv")), "did you mean sftp://?"));
}

}  // namespace
}  // namespace tradewind::objectstore
