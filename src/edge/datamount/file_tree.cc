#include "edge/datamount/file_tree.h"

#include "base/text.h"

namespace tradewind::datamount {

FileTree::FileTree(std::vector<data::SourceObject> objects) : objects_(std::move(objects)) {
  nodes_.push_back({});
  for (const data::SourceObject& object : objects_) {
    bytes_ += object.size_bytes;
    std::uint64_t place = root;
    const std::vector<std::string> parts = split(object.path, '/');
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::uint64_t next = nodes_.size() + 1;
      const auto [entry, is_new] = nodes_[place - 1].children.emplace(parts[i], next);
      const std::uint64_t number = entry->second;
      if (is_new) nodes_.push_back({place, i + 1 == parts.size() ? &object : nullptr});
      place = number;
    }
  }
}

const TreeNode* FileTree::node(std::uint64_t number) const {
  return number == 0 || number > nodes_.size() ? nullptr : &nodes_[number - 1];
}

std::optional<std::uint64_t> FileTree::child(std::uint64_t folder, std::string_view name) const {
  const TreeNode* place = node(folder);
  if (place == nullptr) return std::nullopt;
  const auto found = place->children.find(name);
  return found == place->children.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace tradewind::datamount
