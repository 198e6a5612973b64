#include "core/task/reading.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace tradewind::task {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const std::string_view candidate : words) {
    if (word == candidate) return true;
  }
  return false;
}

// Underscores between digits are YAML 1.1's thousands marks: "10_000".
std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out += c;
  }
  return text.empty() || text.front() == '_' || text.back() == '_' ? std::string(text) : out;
}

// A scalar's text; nothing for lists, mappings and null, without an error.
std::optional<std::string> scalar_text(const YamlNode& node) {
  if (node.kind != YamlKind::scalar) return std::nullopt;
  return std::string(trim(node.text));
}

struct SizeUnit {
  std::string_view name;
  double gib;
};
constexpr SizeUnit size_units[] = {
    {"", 1},      {"g", 1},      {"gb", 1},         {"gib", 1},         {"t", 1024},
    {"tb", 1024}, {"tib", 1024}, {"m", 1.0 / 1024}, {"mb", 1.0 / 1024}, {"mib", 1.0 / 1024}};

std::optional<double> size_gib(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789._");
  const std::optional<double> number = number_of(text.substr(0, digits));
  if (!number) return std::nullopt;
  const std::string unit = digits == std::string_view::npos ? "" : lower(trim(text.substr(digits)));
  for (const SizeUnit& known : size_units) {
    if (known.name == unit) return *number * known.gib;
  }
  return std::nullopt;
}

template <class F>
std::optional<AmountRequest> amount_of(std::string text, F&& number) {
  AmountRequest amount;
  if (!text.empty() && text.back() == '+') {
    amount.or_more = true;
    text = trim(std::string_view(text).substr(0, text.size() - 1));
  }
  const std::optional<double> value = number(text);
  if (!value || !(*value > 0) || *value > 1e9) return std::nullopt;
  amount.amount = *value;
  return amount;
}

}  // namespace

void Reading::error(const YamlNode& at, std::string message, std::string hint) {
  errors.push_back({at.line, at.column, at.length, std::move(message), std::move(hint)});
}

void Reading::expected(const YamlNode& found, std::string_view path, std::string_view wanted,
                       std::string hint) {
  error(found, std::string(path) + " is " + kind_text(found) + "; expected " + std::string(wanted),
        std::move(hint));
}

std::optional<std::string> read_text(Reading& reading, const YamlNode& node, std::string_view path) {
  if (node.kind != YamlKind::scalar) {
    reading.expected(node, path, "text");
    return std::nullopt;
  }
  // No program can be handed one: arguments and variables end there.
  if (node.text.find('\0') != std::string::npos) {
    reading.error(node, std::string(path) + " holds a NUL character");
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> read_boolean(Reading& reading, const YamlNode& node, std::string_view path) {
  if (node.kind == YamlKind::scalar && !node.quoted) {
    const std::string word = lower(node.text);
    if (is_one_of(word, {"true", "yes", "on"})) return true;
    if (is_one_of(word, {"false", "no", "off"})) return false;
  }
  reading.expected(node, path, "true or false");
  return std::nullopt;
}

std::optional<int> read_integer(Reading& reading, const YamlNode& node, std::string_view path, int least,
                                int most) {
  const std::optional<std::string> text = scalar_text(node);
  const std::optional<double> number = text ? number_of(*text) : std::nullopt;
  if (number && *number == std::floor(*number) && *number >= least && *number <= most) {
    return static_cast<int>(*number);
  }
  reading.expected(node, path,
                   "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> read_positive(Reading& reading, const YamlNode& node, std::string_view path,
                                    double most) {
  const std::optional<std::string> text = scalar_text(node);
  const std::optional<double> number = text ? number_of(*text) : std::nullopt;
  if (number && *number > 0 && *number <= most) return number;
  reading.expected(node, path, number && *number > 0 ? "a smaller number" : "a number above zero");
  return std::nullopt;
}

std::optional<Duration> read_span(Reading& reading, const YamlNode& node, std::string_view path) {
  if (const std::optional<std::string> text = scalar_text(node)) {
    const Result<Duration> span = parse_duration(*text);
    if (span.ok() && span->count() > 0) return *span;
  }
  reading.expected(node, path, "a time span such as 90s, 15m, 2h30m or 3d");
  return std::nullopt;
}

std::optional<Money> read_money(Reading& reading, const YamlNode& node, std::string_view path) {
  if (const std::optional<std::string> text = scalar_text(node)) {
    std::string_view amount = *text;
    if (!amount.empty() && amount.front() == '$') {
      amount = trim(amount.substr(1));
    } else if (amount.size() > 3 && amount.substr(amount.size() - 3) == "USD") {
      amount = trim(amount.substr(0, amount.size() - 3));
    }
    const Result<Money> money = Money::parse(amount);
    if (money.ok() && money->nanos() > 0) return *money;
  }
  reading.expected(node, path, "an amount of US dollars above zero, such as 25, $25 or 12.50 USD");
  return std::nullopt;
}

std::optional<Location> read_location(Reading& reading, const YamlNode& node, std::string_view path) {
  if (const std::optional<std::string> text = scalar_text(node)) {
    std::string_view place = *text;
    while (place.size() > 2 && place.substr(place.size() - 2) == "/*") place.remove_suffix(2);
    Result<Location> location = parse_location(place);
    if (location.ok()) {
      location->provider = provider_name(location->provider);
      return *std::move(location);
    }
  }
  reading.expected(node, path, "provider, provider/region or provider/region/zone, such as aws/us-east-1");
  return std::nullopt;
}

std::optional<AmountRequest> read_amount(Reading& reading, const YamlNode& node, std::string_view path) {
  if (const std::optional<std::string> text = scalar_text(node)) {
    if (const auto amount = amount_of(*text, number_of)) return amount;
  }
  reading.expected(node, path, "a number such as 4, or 4+ for at least four");
  return std::nullopt;
}

std::optional<AmountRequest> read_size_gib(Reading& reading, const YamlNode& node, std::string_view path) {
  if (const std::optional<std::string> text = scalar_text(node)) {
    if (const auto amount = amount_of(*text, size_gib)) return amount;
  }
  reading.expected(node, path, "a size in GiB such as 32, or 32+ for at least that");
  return std::nullopt;
}

std::vector<std::string> read_texts(Reading& reading, const YamlNode& node, std::string_view path) {
  std::vector<std::string> texts;
  if (node.kind == YamlKind::null) return texts;
  if (node.kind == YamlKind::map) {
    reading.expected(node, path, "text, or a list of texts");
    return texts;
  }
  if (node.kind == YamlKind::scalar) {
    if (auto text = read_text(reading, node, path)) texts.push_back(*std::move(text));
    return texts;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string item_path = std::string(path) + "[" + std::to_string(i) + "]";
    if (auto text = read_text(reading, *node.items[i], item_path)) texts.push_back(*std::move(text));
  }
  return texts;
}

std::vector<Location> read_locations(Reading& reading, const YamlNode& node, std::string_view path) {
  std::vector<Location> locations;
  if (node.kind != YamlKind::list) {
    if (auto location = read_location(reading, node, path)) locations.push_back(*std::move(location));
    return locations;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string item_path = std::string(path) + "[" + std::to_string(i) + "]";
    if (auto location = read_location(reading, *node.items[i], item_path)) {
      locations.push_back(*std::move(location));
    }
  }
  return locations;
}

std::optional<std::string> read_word(Reading& reading, const YamlNode& node, std::string_view path,
                                     std::span<const std::string_view> words) {
  const std::string text = scalar_text(node).value_or("");
  std::string wanted;
  for (const std::string_view word : words) {
    if (lower(word) == lower(text)) return std::string(word);
    wanted += (wanted.empty() ? "" : word == words.back() ? " or " : ", ") + std::string(word);
  }
  const std::string near = nearest_word(text, words);
  reading.expected(node, path, wanted, near.empty() ? "" : "did you mean '" + near + "'?");
  return std::nullopt;
}

bool is_map(Reading& reading, const YamlNode& node, std::string_view path) {
  if (node.kind == YamlKind::map) return true;
  reading.expected(node, path, "a mapping: lines of 'name: value' below it, indented");
  return false;
}

std::string provider_name(std::string_view text) {
  const std::string name = lower(text);
  return name == "k8s" ? "kubernetes" : name;
}

std::optional<double> number_of(std::string_view text) {
  const std::string digits = without_underscores(text);
  std::string_view rest = digits;
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end != rest.data() + rest.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

json::value as_written(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::null:
      return nullptr;
    case YamlKind::list: {
      json::array array;
      for (const YamlPointer& item : node.items) array.push_back(as_written(*item));
      return array;
    }
    case YamlKind::map: {
      json::object object;
      for (const YamlMember& member : node.members) object[member.key->text] = as_written(*member.value);
      return object;
    }
    case YamlKind::scalar:
      break;
  }
  if (node.quoted) return json::value(node.text);
  if (is_one_of(node.text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(node.text, {"false", "False", "FALSE"})) return false;
  // "007" is a name, not seven.
  const std::string_view digits = std::string_view(node.text).substr(node.text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return json::value(node.text);
  std::int64_t whole = 0;
  const char* const past = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), past, whole);
  if (error == std::errc() && end == past) return whole;
  // Text that only resembles a number (a version "1_0", a name "1e5") stays text: as it was written.
  if (node.text.find_first_not_of("0123456789.-") == std::string::npos) {
    const std::optional<double> number = number_of(node.text);
    // More digits than a double holds are a name, such as an account's: none of them may be lost.
    if (!number || std::fabs(*number) >= 1e15) return json::value(node.text);
    if (*number == std::floor(*number))
      return static_cast<std::int64_t>(*number);  // 1.0 and 1 are one number in JSON
    return *number;
  }
  return json::value(node.text);
}

}  // namespace tradewind::task
