// Secrets that a program was handed: what it says is cleared of them before anybody reads it.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace tradewind::exec {

// Safe from several threads.
class HiddenWords {
 public:
  // The values, each cut at the ends of its lines, since lines are what is logged. Short ones stand in every
  // second sentence: they are no secrets.
  void add(const std::map<std::string, std::string>& secrets);
  // The text with "***" for each of them.
  std::string cleared(std::string text) const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> words_;  // protected by mutex_; the newest ones
};

}  // namespace tradewind::exec
