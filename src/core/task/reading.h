// Reading values out of a YAML tree: each reader returns the value, or notes an error that says what was
// found and what is allowed, and returns nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/job.h"
#include "core/model/json.h"
#include "core/model/offer.h"
#include "core/task/task_error.h"
#include "core/task/yaml_tree.h"

namespace tradewind::task {

// What has been found wrong so far.
class Reading {
 public:
  void error(const YamlNode& at, std::string message, std::string hint = {});
  // "resources.cpus is 'many'; expected a number".
  void expected(const YamlNode& found, std::string_view path, std::string_view wanted, std::string hint = {});
  std::vector<TaskError> errors;
};

// All readers: `path` names the value in errors ("resources.cpus").
std::optional<std::string> read_text(Reading& reading, const YamlNode& node, std::string_view path);
std::optional<bool> read_boolean(Reading& reading, const YamlNode& node, std::string_view path);
std::optional<int> read_integer(Reading& reading, const YamlNode& node, std::string_view path, int least,
                                int most);
// Greater than zero and at most `most`.
std::optional<double> read_positive(Reading& reading, const YamlNode& node, std::string_view path,
                                    double most = 1e18);
// Greater than zero.
std::optional<Duration> read_span(Reading& reading, const YamlNode& node, std::string_view path);
// "25 USD", "$25", 25. Greater than zero, in US dollars: prices are compared in that currency alone.
std::optional<Money> read_money(Reading& reading, const YamlNode& node, std::string_view path);
// "aws/us-east-1". Suppliers are spelled in lower case whatever the file says, "k8s" is kubernetes, and parts
// at the end that are "*" are left out.
std::optional<Location> read_location(Reading& reading, const YamlNode& node, std::string_view path);
// "4" or "4+".
std::optional<AmountRequest> read_amount(Reading& reading, const YamlNode& node, std::string_view path);
// "32", "32+", "32GB", "0.5 TiB+": in GiB; all units are powers of 1024, as suppliers mean them.
std::optional<AmountRequest> read_size_gib(Reading& reading, const YamlNode& node, std::string_view path);
// One text, or a list of them. Null is an empty list.
std::vector<std::string> read_texts(Reading& reading, const YamlNode& node, std::string_view path);
std::vector<Location> read_locations(Reading& reading, const YamlNode& node, std::string_view path);
// One of `words`, ignoring case; returns it as spelled there.
std::optional<std::string> read_word(Reading& reading, const YamlNode& node, std::string_view path,
                                     std::span<const std::string_view> words);
// True, or an error is noted.
bool is_map(Reading& reading, const YamlNode& node, std::string_view path);

// The name of a supplier as we spell it.
std::string provider_name(std::string_view text);

// The number that a plain scalar spells ("3", "-2.5", "1e9", "10_000"); nothing for other text.
std::optional<double> number_of(std::string_view text);

// As it was written: null, true, false, numbers, text, arrays, objects.
json::value as_written(const YamlNode& node);

}  // namespace tradewind::task
