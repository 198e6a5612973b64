#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge/store/testing/store_conformance.h"

namespace tradewind::store {
namespace {

const OwnerId owner("0123456789abcdef0123456789abcdef");

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/tradewind store 한글 XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return (path_ / "state.db").string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SqliteSubject final : public StoreSubject {
 public:
  explicit SqliteSubject(const OwnerId& first_owner) { open(first_owner); }
  Store& store() override { return *store_; }
  bool reopen() override {
    store_.reset();
    open(OwnerId("another owner"));  // the stored one stays
    return true;
  }

 private:
  void open(const OwnerId& first_owner) {
    Result<std::unique_ptr<Store>> opened = open_sqlite_store(folder_.file(), first_owner);
    if (!opened.ok()) std::abort();
    store_ = *std::move(opened);
  }
  Folder folder_;
  std::unique_ptr<Store> store_;
};

StoreCase sqlite_case() {
  return {"sqlite", [](const OwnerId& first_owner) { return std::make_unique<SqliteSubject>(first_owner); }};
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Runs SQL on the file as another program would.
void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

void fill(const std::string& path, int jobs) {
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, owner);
  ASSERT_TRUE(store.ok()) << describe(store.error());
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(jobs));
  for (int i = 0; i < jobs; ++i) events.push_back(job_event(i, "j-" + std::to_string(i)));
  ASSERT_TRUE((*store)->commit(0, events).ok());
}

Error error_of_opening(const std::string& path) {
  const Result<std::unique_ptr<Store>> store = open_sqlite_store(path, owner);
  return store.ok() ? Error{Code::internal, "it opened"} : store.error();
}

TEST(SqliteStore, KeepsItsFilesToItsOwner) {
  const Folder folder;
  const auto store = open_sqlite_store(folder.file(), owner);
  ASSERT_TRUE(store.ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms(077), std::filesystem::perms::none)
        << entry.path();
  }
}

TEST(SqliteStore, ASecondServerIsRefusedByNameOfTheFileAndOfTheFirst) {
  const Folder folder;
  auto first = open_sqlite_store(folder.file(), owner);
  ASSERT_TRUE(first.ok());
  const Error error = error_of_opening(folder.file());
  EXPECT_EQ(error.code, Code::conflict);
  EXPECT_EQ(error.message,
            "another server (process " + std::to_string(getpid()) + ") has " + folder.file() + " open");
  first->reset();
  EXPECT_TRUE(open_sqlite_store(folder.file(), owner).ok());
}

TEST(SqliteStore, AFileOfANewerSchemaIsRefusedAndUntouched) {
  const Folder folder;
  fill(folder.file(), 1);
  run_sql(folder.file(), "UPDATE meta SET schema = 2; PRAGMA wal_checkpoint(TRUNCATE);");
  const std::string before = read_bytes(folder.file());
  const Error error = error_of_opening(folder.file());
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_EQ(error.message, "the state file " + folder.file() + " has schema 2; this program knows 1");
  EXPECT_EQ(read_bytes(folder.file()), before);
}

TEST(SqliteStore, DamageOfEveryKindIsFoundAtOpeningAndTheFileIsLeftAsItIs) {
  const Folder folder;
  fill(folder.file(), 200);
  const std::string whole = read_bytes(folder.file());
  ASSERT_GT(whole.size(), 60'000u);
  std::string zeros = whole;
  zeros.replace(whole.size() / 2, 4096, 4096, '\0');
  std::string text = whole;
  text.replace(text.find("bible-gpt"), 2, "\"\"");  // the record's JSON is none any more
  const std::pair<const char*, std::string> damages[] = {
      {"empty", ""},
      {"head alone", whole.substr(0, 50)},
      {"one page", whole.substr(0, 4096)},
      {"cut in a page", whole.substr(0, whole.size() - 1000)},
      {"cut in half", whole.substr(0, whole.size() / 8192 * 4096)},
      {"no database", "this is a text file, and a long one at that\n"},
      {"a page of zeros", zeros},
      {"no JSON", text},
  };
  for (const auto& [name, bytes] : damages) {
    write_bytes(folder.file(), bytes);
    const Error error = error_of_opening(folder.file());
    EXPECT_EQ(error.code, Code::corrupt) << name << ": " << error.message;
    EXPECT_NE(error.message.find(folder.file()), std::string::npos) << name;
    EXPECT_NE(error.hint.find("move it away"), std::string::npos) << name;
    EXPECT_EQ(read_bytes(folder.file()), bytes) << name;
  }
  write_bytes(folder.file(), whole);
  EXPECT_TRUE(open_sqlite_store(folder.file(), owner).ok());
}

TEST(SqliteStore, ALostFileWhoseLogIsStillThereIsNotReplacedByAnEmptyOne) {
  const Folder folder;
  {
    const auto store = open_sqlite_store(folder.file(), owner);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->commit(0, {job_event(1, "j-1")}).ok());
    // As a crash leaves them.
    std::filesystem::copy(folder.file() + "-wal", folder.path() / "copy");
  }
  std::filesystem::remove(folder.file());
  std::filesystem::rename(folder.path() / "copy", folder.file() + "-wal");
  EXPECT_EQ(error_of_opening(folder.file()).code, Code::corrupt);
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

TEST(SqliteStore, AFolderThatIsNotThereOrNotOursIsExplained) {
  const Folder folder;
  const Error error = error_of_opening((folder.path() / "no" / "state.db").string());
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.message, "cannot make the lock file " + (folder.path() / "no" / "state.db.lock").string() +
                               ": No such file or directory");
  EXPECT_EQ(error.hint, "make its folder, and make it writable");
}

TEST(SqliteStore, AnotherProgramsChangeIsAConflictAndTheNextSnapshotShowsIt) {
  const Folder folder;
  const auto store = open_sqlite_store(folder.file(), owner);
  ASSERT_TRUE((*store)->commit(0, {job_event(1, "j-1")}).ok());
  run_sql(folder.file(), "UPDATE meta SET version = 5");
  const Result<std::uint64_t> refused = (*store)->commit(1, {job_event(2, "j-2")});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  const Result<ClusterState> state = (*store)->snapshot();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->version, 5u);
  EXPECT_EQ(state->jobs.size(), 1u);
}

// In a child process: the limit on the size of files stands for the disk that is full.
int fill_the_disk(const std::string& path) {
  std::signal(SIGXFSZ, SIG_IGN);
  const auto store = open_sqlite_store(path, owner);
  if (!store.ok() || !(*store)->commit(0, {job_event(1, "j-1")}).ok()) return 1;
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::filesystem::file_size(path + "-wal") + 20'000;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::vector<Event> many;
  many.reserve(500);
  for (int i = 0; i < 500; ++i) many.push_back(job_event(i, "j-full-" + std::to_string(i)));
  const Result<std::uint64_t> refused = (*store)->commit(1, many);
  if (refused.ok() || refused.error().code != Code::unavailable) return 2;
  const Result<ClusterState> state = (*store)->snapshot();
  if (!state.ok() || state->version != 1 || state->jobs.size() != 1) return 3;
  limit.rlim_cur = before;
  setrlimit(RLIMIT_FSIZE, &limit);
  const Result<std::uint64_t> again = (*store)->commit(1, many);
  return again.ok() && *again == 2 ? 0 : 4;
}

TEST(SqliteStore, AFullDiskStoresNothingOfACommitAndTheNextOneSucceeds) {
  const Folder folder;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(fill_the_disk(folder.file()));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto store = open_sqlite_store(folder.file(), owner);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->snapshot()->jobs.size(), 501u);
}

// Commits without end, and tells each version down the pipe once it is acknowledged.
[[noreturn]] void commit_until_killed(const std::string& path, int pipe) {
  const auto store = open_sqlite_store(path, owner);
  if (!store.ok()) _exit(1);
  std::uint64_t version = (*store)->snapshot()->version;
  while (true) {
    const int number = static_cast<int>(version) + 1;
    const std::vector<Event> events = {job_event(number, "j-" + std::to_string(number % 10)),
                                       lease_event(number, "l-" + std::to_string(number))};
    const Result<std::uint64_t> next = (*store)->commit(version, events);
    if (!next.ok()) _exit(2);
    version = *next;
    if (write(pipe, &version, sizeof version) != sizeof version) _exit(3);
  }
}

// Starts a writer, reads `commits` acknowledgements, kills it, and returns the last one that it gave.
std::uint64_t kill_a_writer(const std::string& path, int commits) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  const pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) {
    close(ends[0]);
    commit_until_killed(path, ends[1]);
  }
  close(ends[1]);
  std::uint64_t acknowledged = 0;
  for (int i = 0; i < commits; ++i) {
    if (read(ends[0], &acknowledged, sizeof acknowledged) != sizeof acknowledged) break;
  }
  kill(child, SIGKILL);
  while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
  return acknowledged;
}

TEST(SqliteStore, WhatWasAcknowledgedIsThereAfterTheServerIsKilledInTheMidstOfCommits) {
  const Folder folder;
  for (int round = 1; round <= 10; ++round) {
    const std::uint64_t acknowledged = kill_a_writer(folder.file(), 3 + round * 5);
    ASSERT_GT(acknowledged, 0u);
    const auto store = open_sqlite_store(folder.file(), owner);
    ASSERT_TRUE(store.ok()) << describe(store.error());
    const Result<ClusterState> state = (*store)->snapshot();
    ASSERT_TRUE(state.ok());
    EXPECT_GE(state->version, acknowledged);
    EXPECT_LE(state->version, acknowledged + 1);  // at most the one whose acknowledgement was cut off
    // Each commit is whole: its lease is there, and its job is as that commit, or the last of its remainder,
    // left it.
    EXPECT_EQ(state->leases.size(), state->version);
    const int last = static_cast<int>(state->version);
    for (int number = std::max(1, last - 9); number <= last; ++number) {
      const Event expected = job_event(number, "j-" + std::to_string(number % 10));
      EXPECT_EQ(state->jobs.at(JobId(subject_of(expected))), std::get<JobRecord>(expected.after));
    }
    EXPECT_EQ((*store)->history({"", 0, 1'000'000})->size(), 2 * state->version);
  }
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(sqlite_case()));

}  // namespace tradewind::store
