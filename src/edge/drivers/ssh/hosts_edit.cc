#include "edge/drivers/ssh/hosts_edit.h"

#include <algorithm>

#include "base/text.h"
#include "core/task/yaml_tree.h"

namespace tradewind::ssh {
namespace {

using task::YamlKind;
using task::YamlNode;

Result<std::vector<HostConfig>> hosts_in(std::string_view yaml, const std::string& home) {
  HostsOutcome outcome = parse_hosts(yaml, home);
  if (!outcome.errors.empty()) return as_error(outcome.errors, "ssh.yaml");
  return std::move(outcome.hosts);
}

// JSON's texts are YAML's.
std::string item_text(const HostFields& host, std::size_t indent) {
  std::string text;
  for (const auto& [field, value] : host) {
    const bool plain = value.find_first_not_of("0123456789.") == std::string::npos && field != "name";
    text += std::string(indent, ' ') + (text.empty() ? "- " : "  ") + field + ": " +
            (plain ? value : tradewind::to_text(json::value(value))) + "\n";
  }
  return text;
}

int last_line_of(const YamlNode& node) {
  int line = node.line;
  for (const task::YamlPointer& item : node.items) line = std::max(line, last_line_of(*item));
  for (const task::YamlMember& member : node.members) line = std::max(line, last_line_of(*member.value));
  return line;
}

// Lines of the file, each with its end.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::optional<std::size_t> dash_of(const std::string& line) {
  const std::size_t first = line.find_first_not_of(' ');
  const bool dash = first != std::string::npos && line[first] == '-';
  return dash ? std::optional(first) : std::nullopt;
}

Error unknown_form(const std::string& todo) {
  return {Code::invalid_argument, "ssh.yaml is written in a way that only its author can change", todo};
}

// The line, from 0, on which the list's item begins.
std::optional<std::size_t> begin_of(const std::vector<std::string>& lines, const YamlNode& item) {
  for (std::size_t line = static_cast<std::size_t>(item.line); line > 0; --line) {
    if (line <= lines.size() && dash_of(lines[line - 1])) return line - 1;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> with_host(std::string_view yaml, const HostFields& host, const std::string& home) {
  TW_ASSIGN_OR_RETURN(std::vector<HostConfig> wanted, hosts_in("hosts:\n" + item_text(host, 2), home));
  const HostConfig& added = wanted.front();
  if (trim(yaml).empty()) return "hosts:\n" + item_text(host, 2);
  TW_ASSIGN_OR_RETURN(std::vector<HostConfig> known, hosts_in(yaml, home));
  for (const HostConfig& each : known) {
    if (each.name != added.name) continue;
    if (each.host == added.host && each.user == added.user && each.port == added.port)
      return std::string(yaml);
    return Error{Code::conflict, "ssh.yaml has another host named '" + each.name + "': " + each.host,
                 "take another name (--name)"};
  }
  const task::YamlTree tree = task::read_yaml(yaml);
  const std::vector<std::string> lines = lines_of(yaml);
  const YamlNode& first = *tree.root->members.front().value->items.front();
  const std::optional<std::size_t> begin = begin_of(lines, first);
  const std::string todo = "add this to its hosts by hand:\n" + item_text(host, 2);
  if (!begin) return unknown_form(todo);
  std::string changed(yaml);
  if (!changed.ends_with('\n')) changed += '\n';
  changed += item_text(host, dash_of(lines[*begin]).value_or(0));
  known.push_back(added);
  const HostsOutcome proof = parse_hosts(changed, home);
  if (!proof.errors.empty() || proof.hosts != known) return unknown_form(todo);
  return changed;
}

Result<std::string> without_host(std::string_view yaml, const std::string& name, const std::string& home) {
  TW_ASSIGN_OR_RETURN(std::vector<HostConfig> known, hosts_in(yaml, home));
  const auto found = std::ranges::find(known, name, &HostConfig::name);
  if (found == known.end()) return Error{Code::not_found, "ssh.yaml has no host named '" + name + "'"};
  if (known.size() == 1) return std::string();
  const auto index = static_cast<std::size_t>(found - known.begin());
  known.erase(found);
  const task::YamlTree tree = task::read_yaml(yaml);
  const std::vector<std::string> lines = lines_of(yaml);
  const YamlNode& item = *tree.root->members.front().value->items[index];
  const std::optional<std::size_t> begin = begin_of(lines, item);
  const auto end = static_cast<std::size_t>(last_line_of(item));  // the first line after it, from 0
  const std::string todo = "take '" + name + "' from its hosts by hand";
  if (!begin) return unknown_form(todo);
  std::string changed;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    if (line < *begin || line >= end) changed += lines[line];
  }
  const HostsOutcome proof = parse_hosts(changed, home);
  if (!proof.errors.empty() || proof.hosts != known) return unknown_form(todo);
  return changed;
}

}  // namespace tradewind::ssh
