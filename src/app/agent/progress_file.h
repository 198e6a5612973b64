// Follows the file into which a program writes its progress lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "edge/io/unique_fd.h"

namespace tradewind::agent {

class ProgressFile {
 public:
  explicit ProgressFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Hands on the whole lines that were added since the last call, without their newline, at most about
  // `bytes_max` bytes of them. A file that was truncated is read from its start, a replaced one too. Lines
  // longer than progress_line_bytes_max are handed on cut to one byte more than that. Returns whether there
  // was anything.
  bool read(std::size_t bytes_max, const std::function<void(std::string_view line)>& take);
  // A last line without a newline counts once the program has ended.
  void read_rest(const std::function<void(std::string_view line)>& take);

 private:
  bool open_newest();
  void feed(std::string_view bytes, const std::function<void(std::string_view line)>& take);
  std::filesystem::path path_;
  io::UniqueFd fd_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t freed_ = 0;  // bytes given back to the disk
  std::string partial_;
};

}  // namespace tradewind::agent
