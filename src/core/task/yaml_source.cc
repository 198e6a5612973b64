#include "core/task/yaml_source.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "core/task/yaml_tree.h"

namespace tradewind::task {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::size_t not_negative(int number) {
  return static_cast<std::size_t>(std::max(0, number));
}

}  // namespace

YamlSource::YamlSource(std::string_view text) : text_(text) {
  line_starts_.push_back(0);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') line_starts_.push_back(at + 1);
  }
}

std::size_t YamlSource::line_index(SourceMark mark) const {
  return std::min(not_negative(mark.line), line_starts_.size() - 1);
}

std::string_view YamlSource::line_at(std::size_t index) const {
  const std::size_t start = line_starts_[index];
  return text_.substr(start, text_.find('\n', start) - start);
}

void YamlSource::place(SourceMark mark, int& line, int& column) const {
  const std::size_t index = line_index(mark);
  line = static_cast<int>(index) + 1;
  column = count_characters(line_at(index).substr(0, not_negative(mark.column))) + 1;
}

TaskError YamlSource::error_at(SourceMark mark, std::string message, std::string hint) const {
  TaskError error{1, 1, 1, std::move(message), std::move(hint)};
  place(mark, error.line, error.column);
  return error;
}

TaskError YamlSource::error_at_byte(std::size_t byte, std::string message, std::string hint) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
  const auto line = static_cast<int>(after - line_starts_.begin());
  const int column = count_characters(text_.substr(*(after - 1), byte - *(after - 1))) + 1;
  return {line, column, 1, std::move(message), std::move(hint)};
}

int YamlSource::length(SourceMark mark, std::string_view value) const {
  std::string_view line = line_at(line_index(mark));
  line = trim(line.substr(std::min(line.size(), not_negative(mark.column))));
  if (line.empty() || line.front() == '|' || line.front() == '>') return 1;
  const bool has_quotes = line.front() == '"' || line.front() == '\'';
  return std::max(1, std::min(count_characters(line), count_characters(value) + (has_quotes ? 2 : 0)));
}

std::string_view YamlSource::indentation(SourceMark mark) const {
  const std::string_view line = line_at(line_index(mark));
  return line.substr(0, line.find_first_not_of(" \t"));
}

bool YamlSource::is_closed(SourceMark mark) const {
  std::size_t at = line_starts_[line_index(mark)] + not_negative(mark.column);
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
    at = text_.find_first_not_of(blanks, text_.find_first_of(blanks, at));
  }
  if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return true;
  const char quote = text_[at];
  for (++at; at < text_.size(); ++at) {
    if (quote == '"' && text_[at] == '\\') {
      ++at;
    } else if (text_[at] == quote) {
      const bool is_doubled = quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote;
      if (!is_doubled) return true;
      ++at;
    }
  }
  return false;
}

std::optional<TaskError> YamlSource::check_bytes(std::size_t file_bytes) const {
  if (file_bytes > max_file_bytes) {
    return error_at_byte(0,
                         "the file is " + format_bytes(file_bytes) + " long; a task file has at most " +
                             format_bytes(max_file_bytes),
                         "keep programs and data in files of their own");
  }
  for (std::size_t at = 0; at < text_.size();) {
    const std::size_t size = character_size(text_, at);
    const auto byte = static_cast<unsigned char>(text_[at]);
    if (size == 0) return error_at_byte(at, "this byte is not UTF-8", "save the file as UTF-8");
    const bool line_end = byte == '\n' || (byte == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n');
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7F) {
      constexpr char digits[] = "0123456789ABCDEF";
      const std::string code = {digits[byte >> 4U], digits[byte & 15U]};
      return error_at_byte(at, "a control character (0x" + code + ") stands here", "remove it");
    }
    at += size;
  }
  return std::nullopt;
}

}  // namespace tradewind::task
