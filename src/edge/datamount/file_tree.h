// A source's objects as a tree of folders and files, numbered as a file system numbers them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/data/source.h"

namespace tradewind::datamount {

struct TreeNode {
  std::uint64_t parent = 1;
  const data::SourceObject* object = nullptr;                       // null: a folder
  std::map<std::string, std::uint64_t, std::less<>> children = {};  // of a folder, by name
};

// Constant after its construction: safe from several threads at once.
class FileTree {
 public:
  static constexpr std::uint64_t root = 1;

  // REQUIRES: as Source::list gives them: no file is a folder too, and none is the target itself.
  explicit FileTree(std::vector<data::SourceObject> objects);
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  // Null: there is none of this number.
  const TreeNode* node(std::uint64_t number) const;
  std::optional<std::uint64_t> child(std::uint64_t folder, std::string_view name) const;
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t files() const { return objects_.size(); }

 private:
  const std::vector<data::SourceObject> objects_;
  std::vector<TreeNode> nodes_;  // number n at n - 1
  std::uint64_t bytes_ = 0;
};

}  // namespace tradewind::datamount
