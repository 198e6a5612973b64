#include "core/task/yaml_tree.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
#include "base/utf8.h"
#include "core/task/yaml_source.h"

namespace tradewind::task {
namespace {

using NodePointer = std::shared_ptr<YamlNode>;

// Thrown through yaml-cpp and caught in read_yaml: the document cannot be read on.
struct Refusal {
  TaskError error;
};

SourceMark at(const YAML::Mark& mark) {
  return mark.is_null() ? SourceMark{} : SourceMark{mark.line, mark.column};
}

// How big a part is with its aliases written out.
struct Extent {
  std::size_t bytes = 0;
  int depth = 0;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlSource& source, YamlTree& tree) : source_(source), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (has_document_) {
      refuse(mark, "a second document starts here; a task file is one document",
             "put each task into a file of its own");
    }
    has_document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, YamlKind::null), anchor, {1, 0});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const std::string kind = standard_tag(mark, tag, {"str", "int", "float", "bool", "null"});
    NodePointer node = make(mark, kind == "null" ? YamlKind::null : YamlKind::scalar);
    node->quoted = tag == "!" || kind == "str";
    if (kind != "null") node->text = value;
    if (!source_.is_closed(at(mark)))
      refuse(mark, "not valid YAML: a quote is not closed", "add it at the end of the text");
    if (!is_utf8(value)) {  // yaml-cpp makes single bytes of \N and \_
      refuse(mark, "an escape in this text makes no character", R"(write \u0085 for \N, and \u00A0 for \_)");
    }
    node->length = node->kind == YamlKind::scalar ? source_.length(at(mark), value) : 1;
    add(std::move(node), anchor, {1 + value.size(), 0});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "this alias stands inside the part that it stands for");
    mark_ = mark;
    add_part(found->second.node, found->second.extent);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    standard_tag(mark, tag, {"seq"});
    open(make(mark, YamlKind::list), anchor);
  }
  void OnSequenceEnd() override {
    Open done = close();
    done.node->items = std::move(done.parts);
    add(std::move(done.node), done.anchor, done.extent);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    standard_tag(mark, tag, {"map"});
    open(make(mark, YamlKind::map), anchor);
  }
  void OnMapEnd() override {
    Open done = close();
    fill_members(*done.node, done.parts);
    add(std::move(done.node), done.anchor, done.extent);
  }

 private:
  struct Open {
    NodePointer node;
    YAML::anchor_t anchor = 0;
    std::vector<YamlPointer> parts;  // of a map: key, value, key, value …
    Extent extent{1, 1};
  };
  struct Anchored {
    YamlPointer node;
    Extent extent;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message, std::string hint = {}) const {
    throw Refusal{source_.error_at(at(mark), std::move(message), std::move(hint))};
  }
  [[noreturn]] static void refuse(const YamlNode& node, std::string message, std::string hint = {}) {
    throw Refusal{{node.line, node.column, node.length, std::move(message), std::move(hint)}};
  }

  NodePointer make(const YAML::Mark& mark, YamlKind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    source_.place(at(mark), node->line, node->column);
    mark_ = mark;
    return node;
  }

  // The name of one of YAML's own tags; empty when there is none.
  std::string standard_tag(const YAML::Mark& mark, const std::string& tag,
                           std::initializer_list<std::string_view> allowed) const {
    constexpr std::string_view prefix = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return {};
    std::string name = tag.rfind(prefix, 0) == 0 ? tag.substr(prefix.size()) : tag;
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      refuse(mark, "the tag '" + tag + "' has no meaning here", "remove it");
    }
    return name;
  }

  void open(NodePointer node, YAML::anchor_t anchor) {
    if (static_cast<int>(open_.size()) >= max_depth) {
      refuse(mark_, "parts are nested more than " + std::to_string(max_depth) + " deep");
    }
    open_.push_back({std::move(node), anchor, {}, {1, 1}});
  }
  Open close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    return done;
  }

  void add(NodePointer node, YAML::anchor_t anchor, Extent extent) {
    if (anchor != 0) anchors_[anchor] = {node, extent};
    add_part(std::move(node), extent);
  }

  void add_part(YamlPointer node, Extent extent) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    parent.extent.bytes += extent.bytes;
    parent.extent.depth = std::max(parent.extent.depth, extent.depth + 1);
    if (parent.extent.bytes > max_expanded_bytes || parent.extent.depth > max_depth) {
      refuse(mark_, "the aliases of this file make it too large to read",
             "write the parts out, or leave some away");
    }
    parent.parts.push_back(std::move(node));
  }

  void fill_members(YamlNode& map, const std::vector<YamlPointer>& parts) {
    std::map<std::string, int> lines;
    std::vector<const YamlNode*> merged;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
      const YamlNode& key = *parts[i];
      if (key.kind != YamlKind::scalar) {
        refuse(key, "the name of a field is text, not " + kind_text(key));
      }
      if (key.text.size() > max_key_bytes) {
        refuse(key, "this name of a field is longer than " + std::to_string(max_key_bytes) + " bytes");
      }
      if (key.text == "<<" && !key.quoted) {
        merged.push_back(parts[i + 1].get());
        continue;
      }
      const auto [first, is_new] = lines.emplace(key.text, key.line);
      if (is_new) {
        map.members.push_back({parts[i], parts[i + 1]});
      } else {
        tree_.errors.push_back({key.line, key.column, key.length,
                                "'" + key.text + "' is given twice; it stands in line " +
                                    std::to_string(first->second) + " already",
                                "keep one of them"});
      }
    }
    for (const YamlNode* source : merged) merge(map, lines, *source);
  }

  // YAML 1.1's "<<": what the map does not say itself comes from the merged ones, the first of them first.
  void merge(YamlNode& map, std::map<std::string, int>& lines, const YamlNode& source) const {
    if (source.kind == YamlKind::list) {
      for (const YamlPointer& item : source.items) {
        if (item->kind != YamlKind::map)
          refuse(*item, "'<<' merges mappings, and this is " + kind_text(*item));
        merge(map, lines, *item);
      }
      return;
    }
    if (source.kind != YamlKind::map)
      refuse(source, "'<<' merges mappings, and this is " + kind_text(source));
    for (const YamlMember& member : source.members) {
      if (lines.emplace(member.key->text, member.key->line).second) map.members.push_back(member);
    }
  }

  const YamlSource& source_;
  YamlTree& tree_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  YAML::Mark mark_;
  bool has_document_ = false;
};

// What yaml-cpp says is for people who know its scanner. The line that it names is right.
TaskError explain(const YamlSource& source, const YAML::Exception& exception) {
  struct Explanation {
    std::string_view theirs;
    std::string_view message;
    std::string_view hint;
  };
  constexpr Explanation explanations[] = {
      {"illegal map value", "a ':' is not allowed here",
       "put a value that holds ': ' into quotes, and give fields of one mapping the same indentation"},
      {"illegal map key", "a field cannot start here", "give fields of one mapping the same indentation"},
      {"end of map not found", "this does not belong to the mapping above",
       "give fields of one mapping the same indentation"},
      {"end of sequence not found", "this does not belong to the list above",
       "give the items of one list the same indentation, each after '- '"},
      {"end of map flow not found", "a '{' is not closed", "add the '}'"},
      {"end of sequence flow not found", "a '[' is not closed", "add the ']'"},
      {"illegal flow end", "this bracket closes nothing", "remove it, or put the text into quotes"},
      {"illegal EOF in scalar", "a quote is not closed", "add it at the end of the text"},
      {"illegal block entry", "a list item cannot start here",
       "put the list on lines of its own below the name"},
      {"unknown token", "text cannot start with this character", "put the text into quotes"},
      {"the referenced anchor is not defined", "this alias has no anchor above it",
       "put '&name' before the part that it stands for, or the text into quotes"},
      {"unknown escape character: ", "this is no escape that YAML knows",
       "use single quotes, or double the backslash"},
      {"bad file", "parts are nested too deep", ""},
  };
  const std::string_view indentation = source.indentation(at(exception.mark));
  if (indentation.find('\t') != std::string_view::npos) {
    return source.error_at(at(exception.mark), "a tab stands in the indentation", "indent with spaces only");
  }
  for (const Explanation& known : explanations) {
    if (exception.msg.rfind(known.theirs, 0) == 0) {
      return source.error_at(at(exception.mark), "not valid YAML: " + std::string(known.message),
                             std::string(known.hint));
    }
  }
  return source.error_at(at(exception.mark), "not valid YAML: " + exception.msg);
}

}  // namespace

YamlTree read_yaml(std::string_view yaml) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (yaml.substr(0, 3) == byte_order_mark) yaml.remove_prefix(3);
  YamlTree tree;
  tree.root = std::make_shared<YamlNode>();
  const YamlSource source(yaml.substr(0, max_file_bytes));
  if (std::optional<TaskError> error = source.check_bytes(yaml.size())) {
    tree.errors.push_back(*std::move(error));
    return tree;
  }
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    TreeBuilder builder(source, tree);
    while (parser.HandleNextDocument(builder)) {
    }
    tree.complete = true;
  } catch (const Refusal& refusal) {
    tree.errors.push_back(refusal.error);
  } catch (const YAML::Exception& exception) {
    tree.errors.push_back(explain(source, exception));
  } catch (const std::exception& exception) {
    tree.errors.push_back({1, 1, 1, std::string("the file cannot be read: ") + exception.what(), {}});
  }
  return tree;
}

std::string kind_text(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::null:
      return "nothing";
    case YamlKind::list:
      return "a list";
    case YamlKind::map:
      return "a mapping";
    case YamlKind::scalar:
      break;
  }
  constexpr std::size_t shown_max = 40;
  std::string text = node.text.substr(0, node.text.find('\n'));
  std::size_t end = 0;
  while (end < text.size() && end < shown_max) end += std::max<std::size_t>(1, character_size(text, end));
  const bool cut = end < node.text.size();
  return "'" + text.substr(0, end) + (cut ? "…" : "") + "'";
}

}  // namespace tradewind::task
