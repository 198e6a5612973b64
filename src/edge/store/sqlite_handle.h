// SQLite's C API with owners and Results: the one place that calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tradewind::store {

// A prepared statement. Texts that it returns are valid until the next call.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Starts anew: forgets the parameters of the last run.
  void reset();
  // Parameters count from 1.
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  // True: there is a row. Errors as Connection::run.
  Result<bool> step();
  // Columns count from 0.
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// An open database file.
class Connection {
 public:
  Connection() = default;
  // The file must be there.
  static Result<Connection> open(const std::string& path);

  // One or more statements without results. corrupt: the file is damaged or no database. unavailable: disk
  // full, an I/O error, locked by another program, not writable; the transaction, if there was one, is to be
  // rolled back.
  Status run(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // The first column of the first row.
  Result<std::string> one_text(const std::string& sql);
  // Rows changed by the last statement.
  std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace tradewind::store
