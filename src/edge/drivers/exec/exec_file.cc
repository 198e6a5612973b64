#include "edge/drivers/exec/exec_file.h"

#include <algorithm>
#include <array>

#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"

namespace tradewind::exec {
namespace {

using task::Reading;
using task::YamlNode;
using namespace drivers::fields;

// Those of Tradewind's own drivers, and of clouds whose prices it knows: a program must not pass for them.
constexpr std::array<std::string_view, 9> taken_names = {"local", "ssh", "slurm", "kubernetes", "k8s",
                                                         "exec",  "aws", "gcp",   "azure"};

Field supplier_name(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    std::string name;
    name_into(name)(reading, node, path);
    if (std::ranges::find(taken_names, name) != taken_names.end())
      return reading.error(node, path + " is '" + name + "', which Tradewind itself uses",
                           "give it another, such as my-" + name);
    target = name;
  };
}

// Environment is told by name alone: values stand in no file of ours.
Field variable_names(std::vector<std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    texts(target)(reading, node, path);
    for (const std::string& name : target) {
      const bool plain =
          name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
          std::string::npos;
      if (name.empty()) continue;  // told already
      if (!plain || (name.front() >= '0' && name.front() <= '9'))
        reading.error(node, path + " has '" + name + "', which is no name of a variable",
                      "list names alone: each variable has the value that Tradewind itself was started with");
    }
  };
}

Field region_names(std::vector<std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    texts(target)(reading, node, path);
    for (const std::string& region : target) {
      const Result<Location> location = parse_location("x/" + region);
      if (!location.ok() || !location->zone.empty())
        reading.error(node, path + " has '" + region + "', which is no region",
                      "write letters, digits, '-', '_' and '.'");
    }
  };
}

SupplierConfig read_supplier(Reading& reading, const YamlNode& node, const std::string& path) {
  SupplierConfig supplier;
  if (!is_map(reading, node, path)) return supplier;
  const std::size_t before = reading.errors.size();
  read_members(reading, node, path,
               {{"name", supplier_name(supplier.name)},
                {"command", texts(supplier.command)},
                {"environment", variable_names(supplier.environment)},
                {"timeout", span(supplier.timeout, false)},
                {"regions", region_names(supplier.regions)}});
  if (reading.errors.size() > before) return supplier;
  if (supplier.name.empty()) reading.error(node, path + " has no name");
  if (supplier.command.empty())
    reading.error(node, path + " has no command", "write the program and its arguments as a list");
  return supplier;
}

}  // namespace

SuppliersOutcome parse_suppliers(std::string_view yaml) {
  SuppliersOutcome outcome;
  outcome.errors = parse_list_file(yaml, {"exec.yaml", "suppliers", "supplier", "docs/suppliers/exec.md"},
                                   [&](Reading& reading, const YamlNode& node, const std::string& path) {
                                     outcome.suppliers.push_back(read_supplier(reading, node, path));
                                     return outcome.suppliers.back().name;
                                   });
  return outcome;
}

Result<std::vector<SupplierConfig>> read_suppliers_file(const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  SuppliersOutcome outcome = parse_suppliers(yaml);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.suppliers);
}

}  // namespace tradewind::exec
