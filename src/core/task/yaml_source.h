// The text of a task file, and pointing into it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/task/task_error.h"

namespace tradewind::task {

// As parsers count: lines and byte columns from 0. Marks beyond the text mean its end.
struct SourceMark {
  int line = 0;
  int column = 0;
};

class YamlSource {
 public:
  // REQUIRES: what `text` views outlives this.
  explicit YamlSource(std::string_view text);

  // As people count: lines and columns from 1, columns in characters.
  void place(SourceMark mark, int& line, int& column) const;
  TaskError error_at(SourceMark mark, std::string message, std::string hint = {}) const;
  // Characters that a scalar of that value takes on its first line; exact for plain scalars, near for quoted
  // ones.
  int length(SourceMark mark, std::string_view value) const;
  // The line's blanks before its first word.
  std::string_view indentation(SourceMark mark) const;
  // False when the quoted text that starts at the mark (after an anchor or a tag) runs to the end of the
  // file.
  bool is_closed(SourceMark mark) const;
  // What no task file holds on purpose: more than max_file_bytes, bytes that are not UTF-8, control
  // characters.
  std::optional<TaskError> check_bytes(std::size_t file_bytes) const;

 private:
  std::size_t line_index(SourceMark mark) const;
  std::string_view line_at(std::size_t index) const;
  TaskError error_at_byte(std::size_t byte, std::string message, std::string hint) const;
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace tradewind::task
