#include "core/task/paths.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace tradewind::task {
namespace {

bool stays_inside(const std::string& path) {
  const std::vector<std::string> parts = split(path, '/');
  return !path.empty() && std::find(parts.begin(), parts.end(), "..") == parts.end();
}

}  // namespace

std::optional<std::string> read_local_path(FieldContext& context, const YamlNode& value,
                                           const std::string& path) {
  const auto text = read_text(context.reading, value, path);
  if (!text) return std::nullopt;
  if (text->empty()) {
    context.reading.expected(value, path, "a folder");
    return std::nullopt;
  }
  std::filesystem::path folder(*text);
  if (text->front() == '~') {
    if (text->size() > 1 && (*text)[1] != '/') {
      context.reading.expected(value, path, "a folder; '~' stands for your own home only");
      return std::nullopt;
    }
    if (context.options.home_dir.empty()) {
      context.reading.error(value, path + " starts with '~', but no home folder is known", "set HOME");
      return std::nullopt;
    }
    folder = std::filesystem::path(context.options.home_dir) /
             text->substr(std::min<std::size_t>(2, text->size()));
  }
  if (!context.options.base_dir.empty()) folder = context.options.base_dir / folder;
  std::string normal = folder.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::optional<std::string> read_node_path(FieldContext& context, const YamlNode& node,
                                          const std::string& path) {
  std::optional<std::string> text = read_text(context.reading, node, path);
  if (text && !stays_inside(*text)) {
    context.reading.expected(node, path, "a path without '..'");
    return std::nullopt;
  }
  return text;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace tradewind::task
