#include "core/catalog/csv.h"

#include <algorithm>

#include "base/text.h"

namespace tradewind::catalog {

CsvReader::CsvReader(std::string_view text, TextPool& pool) : text_(text), pool_(pool) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

bool CsvReader::next() {
  fields_.clear();
  torn_ = false;
  while (at_ < text_.size()) {
    line_ = next_line_;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_, end - at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool passed_over = line.empty() || line.front() == '#';
    if (!passed_over && line.find('"') != std::string_view::npos) {
      read_quoted();
      return true;
    }
    at_ = end + 1;
    ++next_line_;
    if (passed_over) continue;
    read_plain(line);
    return true;
  }
  return false;
}

void CsvReader::read_plain(std::string_view line) {
  while (true) {
    const std::size_t end = line.find(',');
    fields_.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

void CsvReader::read_quoted() {
  while (true) {
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted) fields_.push_back(quoted_field());
    const std::size_t stop = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view rest = text_.substr(std::min(at_, stop), stop - std::min(at_, stop));
    const bool last = stop == text_.size() || text_[stop] == '\n';
    if (last && rest.ends_with('\r')) rest.remove_suffix(1);
    // Behind a closing quote nothing may stand; a plain field may hold no quote.
    if (quoted ? !rest.empty() : rest.find('"') != std::string_view::npos) torn_ = true;
    if (!quoted) fields_.push_back(rest);
    at_ = stop + 1;
    if (!last) continue;
    ++next_line_;
    return;
  }
}

// REQUIRES: at_ stands on the opening quote. Leaves it behind the closing one.
std::string_view CsvReader::quoted_field() {
  const std::size_t start = ++at_;
  std::string* changed = nullptr;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++next_line_;
    if (c == '"') {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
        const std::string_view plain = text_.substr(start, at_ - start);
        ++at_;
        return changed == nullptr ? plain : std::string_view(*changed);
      }
      if (changed == nullptr) changed = &pool_.emplace_back(text_.substr(start, at_ - start));
      ++at_;
    }
    if (changed != nullptr) *changed += c;
  }
  torn_ = true;
  return changed == nullptr ? text_.substr(start) : std::string_view(*changed);
}

Result<std::vector<int>> read_csv_header(CsvReader& reader, std::span<const std::string_view> names,
                                         std::size_t required) {
  std::vector<int> positions(names.size(), -1);
  if (!reader.next()) return Error{Code::invalid_argument, "the file is empty", "see docs/catalogue.md"};
  const std::span<const std::string_view> fields = reader.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view field = trim(fields[i]);
    const auto found = std::find(names.begin(), names.end(), field);
    if (found == names.end()) {
      const std::string near = nearest_word(field, names);
      return Error{Code::invalid_argument, "unknown column '" + std::string(field.substr(0, 60)) + "'",
                   near.empty() ? "docs/catalogue.md lists the columns" : "did you mean " + near + "?"};
    }
    int& position = positions[static_cast<std::size_t>(found - names.begin())];
    if (position >= 0) {
      return Error{Code::invalid_argument, "column '" + std::string(field) + "' stands there twice"};
    }
    position = static_cast<int>(i);
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (positions[i] >= 0) continue;
    return Error{Code::invalid_argument, "column '" + std::string(names[i]) + "' is missing",
                 "docs/catalogue.md lists the columns"};
  }
  return positions;
}

}  // namespace tradewind::catalog
