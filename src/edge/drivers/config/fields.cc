#include "edge/drivers/config/fields.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"

namespace tradewind::drivers::fields {

using task::Reading;
using task::YamlKind;
using task::YamlNode;

namespace {

bool is_zero(const YamlNode& node) {
  return node.kind == YamlKind::scalar && !node.quoted && task::number_of(node.text) == 0.0;
}

}  // namespace

void read_members(Reading& reading, const YamlNode& map, const std::string& path, const Fields& fields) {
  std::vector<std::string_view> names;
  for (const auto& entry : fields) names.push_back(entry.first);
  for (const task::YamlMember& member : map.members) {
    const auto field = fields.find(member.key->text);
    if (field == fields.end()) {
      const std::string near = nearest_word(member.key->text, names);
      std::vector<std::string> known(names.begin(), names.end());
      reading.error(*member.key, path + " has no field " + kind_text(*member.key),
                    near.empty() ? "it has " + join(known, ", ") : "did you mean '" + near + "'?");
    } else if (member.value->kind != YamlKind::null) {
      field->second(reading, *member.value, path + "." + member.key->text);
    }
  }
}

Field text(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> found = read_text(reading, node, path);
    if (found && found->empty()) return reading.expected(node, path, "a text that is not empty");
    if (found) target = *found;
  };
}

Field texts(std::vector<std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    target.clear();
    if (node.kind != YamlKind::list) {
      text(target.emplace_back())(reading, node, path);
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      text(target.emplace_back())(reading, *node.items[i], path + "[" + std::to_string(i) + "]");
    }
  };
}

Field money(Money& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    Reading aside;  // its words ask for more than zero
    const auto value = is_zero(node) ? Money() : read_money(aside, node, path);
    if (!value) return reading.expected(node, path, "an amount of US dollars, such as 0.40");
    target = *value;
  };
}

Field span(Duration& target, bool zero_allowed) {
  return [&target, zero_allowed](Reading& reading, const YamlNode& node, const std::string& path) {
    const bool zero = zero_allowed && is_zero(node);
    if (const auto value = zero ? Duration(0) : read_span(reading, node, path)) target = *value;
  };
}

Field integer(int& target, int least, int most) {
  return [&target, least, most](Reading& reading, const YamlNode& node, const std::string& path) {
    if (const auto value = read_integer(reading, node, path, least, most)) target = *value;
  };
}

Field positive(double& target, double most) {
  return [&target, most](Reading& reading, const YamlNode& node, const std::string& path) {
    if (const auto value = read_positive(reading, node, path, most)) target = *value;
  };
}

Field boolean(bool& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (const auto value = read_boolean(reading, node, path)) target = *value;
  };
}

Field name_into(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    const bool plain =
        text->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
    if (!plain || text->empty() || text->front() == '.' || text->size() > 64) {
      reading.expected(node, path,
                       "up to 64 lower-case letters, digits, '-', '_' and '.', not beginning with '.'");
      return;
    }
    target = *text;
  };
}

Field accelerator_into(Accelerator& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    target = Accelerator();
    target.count = 1;
    bool has_model = false;
    read_members(reading, node, path,
                 {{"model",
                   [&](Reading& inner, const YamlNode& value, const std::string& where) {
                     has_model = true;
                     target.model = read_text(inner, value, where).value_or("?");
                   }},
                  {"count", positive(target.count, 1024)},
                  {"memory_gib", positive(target.memory_gib, 1e6)}});
    if (!has_model || target.model.empty())
      reading.error(node, path + " has no model", "write its name, such as A100");
  };
}

void read_named_list(Reading& reading, const YamlNode& node, const std::string& path, const std::string& kind,
                     const NamedItem& item) {
  if (node.kind != YamlKind::list || node.items.empty())
    return reading.expected(node, path, "a list of at least one " + kind);
  std::set<std::string> names;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& each = *node.items[i];
    const std::string name = item(reading, each, path + "[" + std::to_string(i) + "]");
    if (!name.empty() && !names.insert(name).second) {
      reading.error(each, "there are two " + kind + "s named '" + name + "'", "give each a name of its own");
    }
  }
}

std::vector<task::TaskError> parse_list_file(std::string_view yaml, const ListFile& file,
                                             const NamedItem& item) {
  task::YamlTree tree = task::read_yaml(yaml);
  Reading reading;
  reading.errors = std::move(tree.errors);
  if (tree.complete && is_map(reading, *tree.root, file.called)) {
    bool has_list = false;
    const Field read_list = [&](Reading& inner, const YamlNode& node, const std::string&) {
      has_list = true;
      read_named_list(inner, node, file.list, file.kind, item);
    };
    read_members(reading, *tree.root, file.called, {{file.list, read_list}});
    if (!has_list) {
      reading.error(*tree.root, file.called + " has no list of " + file.list, "see " + file.page);
    }
  }
  std::ranges::stable_sort(reading.errors, {},
                           [](const task::TaskError& error) { return std::pair(error.line, error.column); });
  return std::move(reading.errors);
}

}  // namespace tradewind::drivers::fields
