// What the simulated programs save: a few small folders, made once and read by every run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/io/files.h"

namespace tradewind::storesim {

// By path: kind, mode, time and bytes or target of what lies there.
using FolderContent = std::map<std::string, std::string>;
// Empty when there is no such folder.
FolderContent look_into(const std::filesystem::path& folder);

class States {
 public:
  // Makes them in memory where the machine has a folder for that. unavailable, unauthorized: the disk's.
  static Result<States> make();

  // Few, of files in few versions: most states share most of their files, and old versions come back. Some
  // have so many small files that a save packs them.
  static constexpr std::size_t count = 16;
  std::filesystem::path folder(std::size_t state) const;
  const FolderContent& content(std::size_t state) const { return contents_.at(state); }
  // A folder that the run may use as it likes.
  std::filesystem::path scratch() const { return root_.path() / "scratch"; }

 private:
  explicit States(io::TempDir root) : root_(std::move(root)) {}

  io::TempDir root_;
  std::vector<FolderContent> contents_;
};

}  // namespace tradewind::storesim
