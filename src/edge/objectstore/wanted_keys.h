// Which keys a list asks for, and which folders can hold one: for stores that are folders.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace tradewind::objectstore {

class WantedKeys {
 public:
  // REQUIRES: both outlive this.
  WantedKeys(std::string_view prefix, std::string_view after) : prefix_(prefix), after_(after) {}

  bool contains(const std::string& key) const { return key.starts_with(prefix_) && key > after_; }
  // Whether some key that begins with `base`, "a/b/", can be one.
  bool may_begin_with(const std::string& base) const {
    const std::size_t shared = std::min(base.size(), prefix_.size());
    if (std::string_view(base).substr(0, shared) != prefix_.substr(0, shared)) return false;
    return base > after_ || after_.starts_with(base);
  }

 private:
  std::string_view prefix_;
  std::string_view after_;
};

}  // namespace tradewind::objectstore
