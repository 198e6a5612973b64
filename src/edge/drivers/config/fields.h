// The fields of suppliers' files (zones.yaml, ssh.yaml, slurm.yaml): each reads one value into its place, or
// says what was found and what is expected.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/offer.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"

namespace tradewind::drivers::fields {

// Reads one field; `path` names it in errors.
using Field = std::function<void(task::Reading&, const task::YamlNode&, const std::string& path)>;
using Fields = std::map<std::string, Field, std::less<>>;

// Every member by its field; unknown names are errors with the nearest known one. Null counts as not given.
void read_members(task::Reading& reading, const task::YamlNode& map, const std::string& path,
                  const Fields& fields);

// The targets outlive the fields.
Field text(std::string& target);                // not empty
Field texts(std::vector<std::string>& target);  // a list, or one alone
Field money(Money& target);                     // of US dollars; zero is allowed
Field span(Duration& target, bool zero_allowed);
Field integer(int& target, int least, int most);
Field positive(double& target, double most);
Field boolean(bool& target);
// Up to 64 of [a-z0-9._-], not beginning with '.': a part of a location.
Field name_into(std::string& target);
// A map of model, count (1 when left out) and memory_gib.
Field accelerator_into(Accelerator& target);

// Reads one item of a list at `path`; answers its name, or "" where it has none.
using NamedItem = std::function<std::string(task::Reading&, const task::YamlNode&, const std::string& path)>;

// A list, at least one long; two items of one name are an error.
void read_named_list(task::Reading& reading, const task::YamlNode& node, const std::string& path,
                     const std::string& kind, const NamedItem& item);

// A supplier's file: a mapping whose one member is a list of named things.
struct ListFile {
  std::string called;  // "ssh.yaml", for errors
  std::string list;    // "hosts"
  std::string kind;    // "host"
  std::string page;    // "docs/suppliers/ssh.md", which shows one
};
// Reads all of it by `item`. What is wrong, in the order of the file; empty: nothing.
std::vector<task::TaskError> parse_list_file(std::string_view yaml, const ListFile& file,
                                             const NamedItem& item);

}  // namespace tradewind::drivers::fields
