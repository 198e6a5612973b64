#include "edge/store/sqlite_handle.h"

#include <sqlite3.h>

namespace tradewind::store {
namespace {

constexpr int busy_patience_ms = 2000;

Error error_of(sqlite3* database) {
  const int code = sqlite3_errcode(database) & 0xFF;
  const char* const name = sqlite3_db_filename(database, "main");
  const std::string file = name == nullptr ? "the state file" : name;
  const std::string message = file + ": " + sqlite3_errmsg(database);
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::corrupt, message};
    case SQLITE_FULL:
      return {Code::unavailable, message, "free some space on its disk"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {Code::unavailable, message, "make the file and its folder writable"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::unavailable, message, "another program has locked it: close that program"};
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return {Code::unavailable,
              message + " (code " + std::to_string(sqlite3_extended_errcode(database)) + ")"};
    default:
      return {Code::internal, message};
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
}

void Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty text is a text.
  const char* const bytes = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const Error error = error_of(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  return error;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* const bytes = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

void Connection::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Connection> Connection::open(const std::string& path) {
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
  Connection connection;
  connection.database_.reset(database);
  if (code != SQLITE_OK) {
    if (database == nullptr) return Error{Code::unavailable, path + ": not enough memory to open it"};
    return error_of(database);
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_patience_ms);
  return connection;
}

Status Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(database_.get());
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error_of(database_.get());
  return Statement(statement);
}

Result<std::string> Connection::one_text(const std::string& sql) {
  TW_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  TW_ASSIGN_OR_RETURN(const bool has_row, statement.step());
  if (!has_row) return std::string();
  return std::string(statement.text(0));
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(database_.get());
}

}  // namespace tradewind::store
