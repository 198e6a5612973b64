// A YAML document as a tree that knows where each part stood. The one place that uses yaml-cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/task/task_error.h"

namespace tradewind::task {

struct YamlNode;
using YamlPointer = std::shared_ptr<const YamlNode>;

struct YamlMember {
  YamlPointer key;  // a scalar
  YamlPointer value;
};

enum class YamlKind { null, scalar, list, map };

struct YamlNode {
  YamlKind kind = YamlKind::null;
  int line = 1;         // from 1
  int column = 1;       // from 1, in characters
  int length = 1;       // characters, on its first line
  bool quoted = false;  // a scalar that is text whatever it looks like: "5", 'yes', a block, !!str
  std::string text;     // of a scalar
  std::vector<YamlPointer> items;
  std::vector<YamlMember> members;  // as written, merged ("<<") ones last; each key once
};

struct YamlTree {
  YamlPointer root;  // never null; a null node for an empty file
  std::vector<TaskError> errors;
  bool complete =
      false;  // false: an error ended the reading, so that what is missing in `root` means nothing
};

// Limits beyond which a file is refused, not read: no task needs more, and they bound what an attack can
// cost.
inline constexpr std::size_t max_file_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_expanded_bytes = std::size_t{4} << 20;  // with every alias written out
inline constexpr int max_depth = 32;
inline constexpr std::size_t max_key_bytes = 512;

// One document of UTF-8 (a byte order mark is skipped). Anchors, aliases and merge keys work; a second
// document, other tags than YAML's own scalars, keys that are not scalars, and control characters are errors.
YamlTree read_yaml(std::string_view yaml);

// "text", "a number", "true or false", "nothing", "a list", "a mapping": what was found, for an error.
std::string kind_text(const YamlNode& node);

}  // namespace tradewind::task
