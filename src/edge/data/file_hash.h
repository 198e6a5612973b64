// SHA-256 of what is read piece by piece.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind::data {

class RunningSha256 {
 public:
  RunningSha256();
  ~RunningSha256();
  RunningSha256(const RunningSha256&) = delete;
  RunningSha256& operator=(const RunningSha256&) = delete;
  void add(std::string_view bytes);
  // Lower-case hex of all that was added. REQUIRES: called once, last.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of a file's bytes, in lower-case hex.
Result<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace tradewind::data
