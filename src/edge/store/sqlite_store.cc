// The control plane's state in one SQLite file, and a copy of it in memory to read from.
//   meta(schema, owner, version)                                  one row
//   records(kind, id, doc)                                        newest form of each job, lease and move, as
//   JSON events(sequence, version, at, kind, subject, detail)          what happened, in order
// WAL with synchronous=FULL: a commit is on disk when it returns. Beside the file lie its -wal, -shm and
// .lock.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

#include "edge/store/file_lock.h"
#include "edge/store/sqlite_handle.h"
#include "edge/store/store.h"

namespace tradewind::store {
namespace {

constexpr std::int64_t schema_version = 1;
constexpr const char* schema =
    "CREATE TABLE meta(schema INTEGER NOT NULL, owner TEXT NOT NULL, version INTEGER NOT NULL);"
    "CREATE TABLE records(kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY(kind, id))"
    " WITHOUT ROWID;"
    "CREATE TABLE events(sequence INTEGER PRIMARY KEY, version INTEGER NOT NULL, at TEXT NOT NULL,"
    " kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX events_by_subject ON events(subject, sequence);";

Error corrupt(const std::string& path, const std::string& problem) {
  return {Code::corrupt, "the state file " + path + " is damaged: " + problem,
          "it was left untouched; put back a copy of it, or move it away to start anew (running jobs then "
          "become unknown "
          "to this server)"};
}

// A damaged file is explained; other errors pass as they are.
Error explained(const std::string& path, const Error& error) {
  return error.code == Code::corrupt ? corrupt(path, error.message) : error;
}

std::string_view kind_of(const Record& record) {
  constexpr std::string_view kinds[] = {"job", "lease", "move"};
  return kinds[record.index()];
}

std::string document_of(const Record& record) {
  return std::visit([](const auto& value) { return to_text(to_json(value)); }, record);
}

template <class R, class Id, class F>
Status read_record(std::map<Id, R>& records, const json::value& document, const std::string& id, F&& read) {
  TW_ASSIGN_OR_RETURN(R record, read(document, id));
  if (record.id.text() != id)
    return Error{Code::corrupt, "record " + id + " holds the id " + record.id.text()};
  records.insert_or_assign(Id(id), std::move(record));
  return {};
}

Status add_record(ClusterState& state, std::string_view kind, const std::string& id, std::string_view text) {
  const Result<json::value> document = parse_json(text);
  if (!document.ok()) return Error{Code::corrupt, "record " + id + ": " + document.error().message};
  if (kind == "job") return read_record(state.jobs, *document, id, job_record_from_json);
  if (kind == "lease") return read_record(state.leases, *document, id, lease_record_from_json);
  if (kind == "move") return read_record(state.moves, *document, id, move_record_from_json);
  return Error{Code::corrupt, "record " + id + " is of the unknown kind '" + std::string(kind) + "'"};
}

// Makes the file whole under another name first: what lies at `path` is complete, or not there.
Status make_file(const std::string& path, const OwnerId& owner) {
  const std::string unfinished = path + ".new";
  unlink(unfinished.c_str());
  const int descriptor = open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return Error{Code::unavailable, "cannot make the state file " + path + ": " + std::strerror(errno),
                 "make its folder writable"};
  }
  close(descriptor);
  {
    TW_ASSIGN_OR_RETURN(Connection connection, Connection::open(unfinished));
    TW_RETURN_IF_ERROR(
        connection.run("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;"));
    TW_RETURN_IF_ERROR(connection.run(schema));
    TW_ASSIGN_OR_RETURN(Statement insert, connection.prepare("INSERT INTO meta VALUES(?, ?, 0)"));
    insert.bind(1, schema_version);
    insert.bind(2, owner.text());
    TW_ASSIGN_OR_RETURN([[maybe_unused]] const bool has_row, insert.step());
    TW_RETURN_IF_ERROR(connection.run("COMMIT;"));
  }
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (error) return Error{Code::unavailable, "cannot make the state file " + path + ": " + error.message()};
  return {};
}

// SQLite reads what is missing of the last page as zeros, and may not notice. After a crash the log holds
// that page.
bool is_cut_off(const std::string& path, std::uintmax_t size) {
  std::error_code error;
  const auto log_size = std::filesystem::file_size(path + "-wal", error);
  if (!error && log_size > 0) return false;
  unsigned char head[18] = {};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(head), sizeof head);
  const unsigned written = (static_cast<unsigned>(head[16]) << 8U) | head[17];  // of the file format's header
  const std::uintmax_t page_bytes = written == 1 ? 65536 : written;
  return page_bytes >= 512 && size % page_bytes != 0;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string path, FileLock lock, Connection connection)
      : path_(std::move(path)), lock_(std::move(lock)), connection_(std::move(connection)) {}

  Status start();
  Result<ClusterState> snapshot() override;
  Result<std::uint64_t> commit(std::uint64_t version, const std::vector<Event>& events) override;
  Result<std::vector<HistoryEntry>> history(const HistoryQuery& query) override;

 private:
  Status check_schema();
  Status load();
  Status write(std::uint64_t version, const std::vector<Event>& events);
  Status write_event(std::uint64_t version, const Event& event);

  std::string path_;
  FileLock lock_;  // before the connection: freed after it
  Connection connection_;
  Statement put_record_;
  Statement put_event_;
  Statement put_version_;
  ClusterState state_;
  bool is_loaded_ = false;  // state_ is what the file holds
};

Status SqliteStore::start() {
  // Checked before anything is written: a file that is not ours, or damaged, stays as it is.
  TW_RETURN_IF_ERROR(check_schema());
  TW_ASSIGN_OR_RETURN(const std::string check, connection_.one_text("PRAGMA quick_check(1)"));
  if (check != "ok") return Error{Code::corrupt, check};
  TW_RETURN_IF_ERROR(connection_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
  TW_ASSIGN_OR_RETURN(put_record_,
                      connection_.prepare("INSERT INTO records VALUES(?, ?, ?)"
                                          " ON CONFLICT(kind, id) DO UPDATE SET doc = excluded.doc"));
  TW_ASSIGN_OR_RETURN(put_event_, connection_.prepare("INSERT INTO events(version, at, kind, subject, detail)"
                                                      " VALUES(?, ?, ?, ?, ?)"));
  TW_ASSIGN_OR_RETURN(put_version_, connection_.prepare("UPDATE meta SET version = ? WHERE version = ?"));
  return load();
}

Status SqliteStore::check_schema() {
  TW_ASSIGN_OR_RETURN(const std::string tables,
                      connection_.one_text("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                           " AND name IN ('meta', 'records', 'events')"));
  if (tables == "0") return Error{Code::corrupt, "it is a database, but not one of ours"};
  TW_ASSIGN_OR_RETURN(const std::string found, connection_.one_text("SELECT max(schema) FROM meta"));
  if (found.empty()) return Error{Code::corrupt, "its head is missing"};
  if (found != std::to_string(schema_version)) {
    return Error{Code::invalid_argument,
                 "the state file " + path_ + " has schema " + found + "; this program knows " +
                     std::to_string(schema_version),
                 "use the newer version of tradewind that wrote it"};
  }
  return {};
}

Status SqliteStore::load() {
  ClusterState state;
  TW_ASSIGN_OR_RETURN(Statement head, connection_.prepare("SELECT owner, version FROM meta"));
  TW_ASSIGN_OR_RETURN(const bool has_head, head.step());
  if (!has_head) return Error{Code::corrupt, "its head is missing"};
  state.owner = OwnerId(std::string(head.text(0)));
  state.version = static_cast<std::uint64_t>(head.integer(1));
  TW_ASSIGN_OR_RETURN(Statement records, connection_.prepare("SELECT kind, id, doc FROM records"));
  while (true) {
    TW_ASSIGN_OR_RETURN(const bool has_row, records.step());
    if (!has_row) break;
    const std::string id(records.text(1));
    if (const Status added = add_record(state, records.text(0), id, records.text(2)); !added.ok()) {
      return Error{Code::corrupt, added.error().message};
    }
  }
  state_ = std::move(state);
  is_loaded_ = true;
  return {};
}

Result<ClusterState> SqliteStore::snapshot() {
  if (!is_loaded_) {
    if (const Status loaded = load(); !loaded.ok()) return explained(path_, loaded.error());
  }
  return state_;
}

Result<std::uint64_t> SqliteStore::commit(std::uint64_t version, const std::vector<Event>& events) {
  if (!is_loaded_) {
    if (const Status loaded = load(); !loaded.ok()) return explained(path_, loaded.error());
  }
  const Error conflict{
      Code::conflict,
      "the state is at version " + std::to_string(state_.version) + ", not " + std::to_string(version),
      "take a new snapshot"};
  if (version != state_.version) return conflict;
  if (const Status written = write(version, events); !written.ok()) {
    // Whether it is stored is unknown: the next call reads the file.
    is_loaded_ = false;
    [[maybe_unused]] const Status rolled_back = connection_.run("ROLLBACK");
    return explained(path_, written.error());
  }
  for (const Event& event : events) apply(state_, event);
  return ++state_.version;
}

Status SqliteStore::write(std::uint64_t version, const std::vector<Event>& events) {
  TW_RETURN_IF_ERROR(connection_.run("BEGIN IMMEDIATE"));
  put_version_.reset();
  put_version_.bind(1, static_cast<std::int64_t>(version + 1));
  put_version_.bind(2, static_cast<std::int64_t>(version));
  TW_ASSIGN_OR_RETURN([[maybe_unused]] const bool has_row, put_version_.step());
  if (connection_.changes() != 1) {
    return Error{Code::conflict, "another program has changed " + path_, "take a new snapshot"};
  }
  for (const Event& event : events) TW_RETURN_IF_ERROR(write_event(version + 1, event));
  return connection_.run("COMMIT");
}

Status SqliteStore::write_event(std::uint64_t version, const Event& event) {
  const std::string subject = subject_of(event);
  put_record_.reset();
  put_record_.bind(1, kind_of(event.after));
  put_record_.bind(2, subject);
  put_record_.bind(3, document_of(event.after));
  TW_ASSIGN_OR_RETURN([[maybe_unused]] const bool has_record, put_record_.step());
  put_event_.reset();
  put_event_.bind(1, static_cast<std::int64_t>(version));
  put_event_.bind(2, format_utc(event.at));
  put_event_.bind(3, event.kind);
  put_event_.bind(4, subject);
  put_event_.bind(5, event.detail);
  TW_ASSIGN_OR_RETURN([[maybe_unused]] const bool has_event, put_event_.step());
  return {};
}

Result<std::vector<HistoryEntry>> SqliteStore::history(const HistoryQuery& query) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::string columns = "SELECT sequence, version, at, kind, subject, detail FROM events WHERE ";
  const std::string filter = query.subject.empty() ? "sequence > ?1" : "subject = ?3 AND sequence > ?1";
  TW_ASSIGN_OR_RETURN(Statement select,
                      connection_.prepare(columns + filter + " ORDER BY sequence LIMIT ?2"));
  select.bind(1, static_cast<std::int64_t>(std::min(query.after_sequence, most)));
  select.bind(2, static_cast<std::int64_t>(std::min<std::uint64_t>(query.limit, most)));
  if (!query.subject.empty()) select.bind(3, query.subject);
  std::vector<HistoryEntry> entries;
  while (true) {
    TW_ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return entries;
    const Result<Time> at = parse_utc(select.text(2));
    if (!at.ok()) return corrupt(path_, "event " + std::to_string(select.integer(0)) + " has no time");
    entries.push_back({static_cast<std::uint64_t>(select.integer(0)),
                       static_cast<std::uint64_t>(select.integer(1)), *at, std::string(select.text(3)),
                       std::string(select.text(4)), std::string(select.text(5))});
  }
}

// After it there is a file worth opening: the one that was there, or a new one.
Status find_or_make_file(const std::string& path, const OwnerId& owner_if_new) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) {
    const std::string log = path + "-wal";
    if (!std::filesystem::exists(log, error)) return make_file(path, owner_if_new);
    // It would be taken for the new file's log.
    return corrupt(path, "the file itself is missing, but " + log + " is still there");
  }
  if (error) return Error{Code::unavailable, "cannot read the state file " + path + ": " + error.message()};
  if (size == 0) return corrupt(path, "it is empty");
  if (is_cut_off(path, size)) return corrupt(path, "its end is missing");
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const OwnerId& owner_if_new) {
  TW_ASSIGN_OR_RETURN(FileLock lock, FileLock::take(path));
  TW_RETURN_IF_ERROR(find_or_make_file(path, owner_if_new));
  Result<Connection> connection = Connection::open(path);
  if (!connection.ok()) return explained(path, connection.error());
  auto store = std::make_unique<SqliteStore>(path, std::move(lock), *std::move(connection));
  if (const Status started = store->start(); !started.ok()) return explained(path, started.error());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace tradewind::store
