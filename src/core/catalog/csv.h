// Reads comma-separated text: RFC 4180 quoting, LF or CRLF, a byte order mark, and lines that begin with '#'
// as comments. Fields are views into the text where it can be so: a plain line costs no allocation.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::catalog {

// Text that is no part of a file: unescaped fields, respelled names. Views into it stay valid as it grows.
using TextPool = std::deque<std::string>;

class CsvReader {
 public:
  // The text and the pool must outlive every view taken from the reader's fields.
  CsvReader(std::string_view text, TextPool& pool);

  // Goes to the next record; blank lines and comments are passed over. False at the end.
  bool next();
  // Valid until the next call of next(); the views in it as long as the text and the pool.
  std::span<const std::string_view> fields() const { return fields_; }
  // Line on which the record begins; the first is 1.
  int line() const { return line_; }
  // True when a quote was opened in this record and never closed, or stands where none may.
  bool torn() const { return torn_; }

 private:
  void read_plain(std::string_view line);
  void read_quoted();
  std::string_view quoted_field();

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 0;
  int next_line_ = 1;
  bool torn_ = false;
  std::vector<std::string_view> fields_;
  TextPool& pool_;
};

// Where each named column stands in the records that follow; -1 where an optional one is missing.
// Reads the next record as the header. The first `required` names must be there, an unknown name is refused:
// invalid_argument, naming the column and the nearest known one.
Result<std::vector<int>> read_csv_header(CsvReader& reader, std::span<const std::string_view> names,
                                         std::size_t required);

}  // namespace tradewind::catalog
