#include "edge/drivers/exec/hidden_words.h"

#include <algorithm>

#include "base/text.h"

namespace tradewind::exec {
namespace {

constexpr std::size_t letters_least = 6;
constexpr std::size_t words_max = 256;

}  // namespace

void HiddenWords::add(const std::map<std::string, std::string>& secrets) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : secrets) {
    for (std::string& line : split(value, '\n')) {
      const bool known = std::ranges::find(words_, line) != words_.end();
      if (line.size() >= letters_least && !known) words_.push_back(std::move(line));
      if (words_.size() > words_max) words_.pop_front();
    }
  }
}

std::string HiddenWords::cleared(std::string text) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& word : words_) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 3))
      text.replace(at, word.size(), "***");
  }
  return text;
}

}  // namespace tradewind::exec
