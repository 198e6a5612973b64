// The suppliers that are programs of one's own, as exec.yaml lists them (docs/suppliers/exec.md).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "core/task/task_error.h"

namespace tradewind::exec {

struct SupplierConfig {
  std::string name;                      // the first part of its locations
  std::vector<std::string> command;      // a program and its arguments; looked up in PATH without a slash
  std::vector<std::string> environment;  // variables of ours that it gets, by name
  Duration timeout = std::chrono::seconds(60);  // of one question
  std::vector<std::string> regions;             // those that are used; empty: all that it has
  bool operator==(const SupplierConfig&) const = default;
};

struct SuppliersOutcome {
  std::vector<SupplierConfig> suppliers;
  std::vector<task::TaskError> errors;  // in the order of the file
};
SuppliersOutcome parse_suppliers(std::string_view yaml);
// All that is wrong with the file in one error, with its lines.
Result<std::vector<SupplierConfig>> read_suppliers_file(const std::filesystem::path& file);

}  // namespace tradewind::exec
