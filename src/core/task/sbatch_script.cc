#include "core/task/sbatch_script.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace tradewind::task {
namespace {

constexpr std::string_view slurm_mark = "#SBATCH";
constexpr std::string_view own_mark = "#TRADEWIND";
constexpr std::string_view blanks = " \t\v\f\r";
constexpr std::size_t errors_max = 50;  // more help nobody

bool is_blank(char c) {
  return blanks.find(c) != std::string_view::npos;
}

// Whole words out of one line, behind its mark.
class LineReader {
 public:
  LineReader(std::string_view line, int number, std::size_t begin)
      : line_(line), number_(number), at_(begin) {}

  // False: a quote has no end, or a ':' parts the components of a job.
  bool read(std::vector<SbatchWord>& words, std::vector<TaskError>& errors) {
    for (;;) {
      while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
      if (at_ == line_.size() || line_[at_] == '#') return true;
      const std::size_t begin = at_;
      if (line_[at_] == ':') {
        errors.push_back(error(begin, "':' parts a job of several components, and there are none",
                               "submit each as a job of its own"));
        return false;
      }
      std::string text;
      if (!read_word(text)) {
        errors.push_back(error(begin, std::string("the quote ") + quote_ + " has no end on this line", ""));
        return false;
      }
      words.push_back(
          {text, number_, column(begin), std::max(1, count_characters(line_.substr(begin, at_ - begin)))});
      if (at_ < line_.size() && line_[at_] == '#') return true;
    }
  }

 private:
  bool read_word(std::string& text) {
    quote_ = '\0';
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (quote_ == '\0' && (is_blank(c) || c == '#')) return true;
      if (c == '\\') {
        if (++at_ == line_.size()) break;
        if (quote_ == '\0' && is_blank(line_[at_])) return true;  // as Slurm has it: only quotes keep blanks
        text += line_[at_];
      } else if (c == quote_) {
        quote_ = '\0';
      } else if (quote_ == '\0' && (c == '"' || c == '\'')) {
        quote_ = c;
      } else {
        text += c;
      }
    }
    return quote_ == '\0';
  }

  int column(std::size_t at) const { return count_characters(line_.substr(0, at)) + 1; }

  TaskError error(std::size_t begin, std::string message, std::string hint) const {
    return {number_, column(begin), std::max(1, count_characters(line_.substr(begin))), std::move(message),
            std::move(hint)};
  }

  const std::string_view line_;
  const int number_;
  std::size_t at_;
  char quote_ = '\0';
};

// Lines in order, without their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

int line_at(std::string_view text, std::size_t at) {
  return static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1;
}

// What sbatch itself refuses, in its words, and what no task file can hold.
std::vector<TaskError> wrong_text(std::string_view text) {
  if (text.empty()) return {{0, 0, 1, "Batch script is empty!"}};
  if (trim(text).empty()) return {{0, 0, 1, "Batch script contains only whitespace!"}};
  if (!text.starts_with("#!")) {
    return {
        {1, 1, 1,
         "This does not look like a batch script.  The first line must start with #! followed by the path "
         "to an interpreter.",
         "For instance: #!/bin/sh"}};
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return {{line_at(text, nul), 1, 1,
             "The Slurm controller does not allow scripts that contain a NULL character '\\0'."}};
  }
  if (const std::size_t dos = text.find("\r\n"); dos != std::string_view::npos) {
    return {{line_at(text, dos), 1, 1,
             "Batch script contains DOS line breaks (\\r\\n) instead of expected UNIX line breaks (\\n).",
             "dos2unix makes it right"}};
  }
  std::size_t at = 0;
  while (at < text.size() && character_size(text, at) > 0) at += character_size(text, at);
  if (at < text.size()) {
    return {{line_at(text, at), 1, 1, "this line is no UTF-8 text", "iconv -f latin1 -t utf8 makes it so"}};
  }
  return {};
}

void read_interpreter(std::string_view line, BatchScript& script) {
  std::string_view rest = trim(line.substr(2));
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  script.interpreter = rest.substr(0, end);
  script.argument = trim(rest.substr(end));
  if (script.interpreter.empty()) {
    script.errors.push_back({1, 1, 2, "#! names no interpreter", "For instance: #!/bin/sh"});
  }
}

bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(blanks);
  return first == std::string_view::npos || line[first] == '#';
}

// Ours where Slurm's belong, and the other way round.
bool is_misplaced(const SbatchGiven& given, bool own_line, std::vector<TaskError>& errors) {
  if (given.option->ours == own_line) return false;
  const std::string name = "--" + std::string(given.option->name);
  errors.push_back(own_line ? error_at(given, name + " is Slurm's own", "write it on a #SBATCH line")
                            : error_at(given, name + " is not an option of Slurm's",
                                       "write it on a #TRADEWIND line, which Slurm takes for a comment"));
  return true;
}

bool is_own(std::string_view line) {
  return line.starts_with(own_mark) && (line.size() == own_mark.size() || is_blank(line[own_mark.size()]));
}

void read_line(std::string_view line, int number, BatchScript& script) {
  const bool own_line = is_own(line);
  std::vector<SbatchWord> words;
  LineReader reader(line, number, own_line ? own_mark.size() : slurm_mark.size());
  if (!reader.read(words, script.errors)) return;
  SbatchWords read = read_sbatch_words(words, SbatchSource::script);
  for (SbatchGiven& given : read.given) {
    if (!is_misplaced(given, own_line, script.errors)) script.given.push_back(std::move(given));
  }
  for (const SbatchWord& word : read.rest) {
    script.errors.push_back({word.line, word.column, word.length,
                             "Invalid directive found in batch script: " + word.text,
                             "put quotes around a value with blanks, and '#' before a comment"});
  }
  script.errors.insert(script.errors.end(), read.errors.begin(), read.errors.end());
}

}  // namespace

BatchScript read_batch_script(std::string_view text) {
  BatchScript script;
  script.errors = wrong_text(text);
  if (!script.ok()) return script;
  const std::vector<std::string_view> lines = lines_of(text);
  read_interpreter(lines.front(), script);
  for (std::size_t i = 1; i < lines.size() && script.errors.size() < errors_max; ++i) {
    if (!is_comment(lines[i])) break;
    if (lines[i].starts_with(slurm_mark) || is_own(lines[i]))
      read_line(lines[i], static_cast<int>(i) + 1, script);
  }
  return script;
}

std::string wrapped_script(std::string_view command) {
  return "#!/bin/sh\n# This script was created by sbatch --wrap.\n\n" + std::string(command) + "\n\n";
}

}  // namespace tradewind::task
