#include "app/api/testing/schema_check.h"

#include <algorithm>
#include <array>
#include <regex>

namespace tradewind::api::testing {
namespace {

constexpr std::array<std::string_view, 20> known_keywords = {
    "$ref",    "type",     "properties",  "required", "additionalProperties",
    "items",   "enum",     "const",       "pattern",  "minimum",
    "anyOf",   "allOf",    "description", "title",    "format",
    "example", "examples", "default",     "maximum",  "contentEncoding"};

bool has_type(const json::value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "string") return value.is_string();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return false;
}

bool fits_type(const json::value& types, const json::value& value) {
  if (types.is_string()) return has_type(value, types.get_string());
  return std::any_of(types.as_array().begin(), types.as_array().end(),
                     [&](const json::value& type) { return has_type(value, type.as_string()); });
}

}  // namespace

const json::value* SchemaCheck::at(std::string_view pointer) const {
  json::error_code ec;
  return document_.find_pointer(pointer, ec);
}

std::vector<std::string> SchemaCheck::problems(const json::value& schema, const json::value& value) const {
  std::vector<std::string> found;
  check(schema, value, "$", found);
  return found;
}

void SchemaCheck::check(const json::value& schema, const json::value& value, const std::string& path,
                        std::vector<std::string>& problems) const {
  if (schema.is_bool()) {
    if (!schema.get_bool()) problems.push_back(path + " is not allowed");
    return;
  }
  const json::object& rules = schema.as_object();
  for (const auto& rule : rules) {
    if (std::find(known_keywords.begin(), known_keywords.end(), rule.key()) == known_keywords.end()) {
      problems.push_back(path + ": the schema uses the keyword '" + std::string(rule.key()) +
                         "', which is not checked");
    }
  }
  if (const json::value* ref = rules.if_contains("$ref")) {
    const json::value* target = at(std::string_view(ref->as_string()).substr(1));
    if (target == nullptr) {
      problems.push_back(path + ": the schema refers to " + std::string(ref->as_string()) +
                         ", which is not there");
    } else {
      check(*target, value, path, problems);
    }
  }
  const auto fail = [&](const std::string& what) {
    problems.push_back(path + " " + what + ": " + to_text(value));
  };
  if (const json::value* type = rules.if_contains("type"); type != nullptr && !fits_type(*type, value)) {
    return fail("is not of type " + to_text(*type));
  }
  if (const json::value* allowed = rules.if_contains("enum")) {
    const json::array& values = allowed->as_array();
    if (std::find(values.begin(), values.end(), value) == values.end())
      fail("is none of " + to_text(*allowed));
  }
  if (const json::value* only = rules.if_contains("const"); only != nullptr && *only != value)
    fail("is not the constant");
  if (const json::value* pattern = rules.if_contains("pattern"); pattern != nullptr && value.is_string()) {
    const std::regex expression(std::string(pattern->as_string()));
    if (!std::regex_search(std::string(value.get_string()), expression))
      fail("does not match " + to_text(*pattern));
  }
  if (const json::value* least = rules.if_contains("minimum"); least != nullptr && value.is_number()) {
    if (value.to_number<double>() < least->to_number<double>()) fail("is less than the minimum");
  }
  if (const json::value* parts = rules.if_contains("allOf")) {
    for (const json::value& part : parts->as_array()) check(part, value, path, problems);
  }
  if (const json::value* choices = rules.if_contains("anyOf")) {
    const json::array& list = choices->as_array();
    const bool any = std::any_of(list.begin(), list.end(), [&](const json::value& choice) {
      return this->problems(choice, value).empty();
    });
    if (!any) fail("fits none of the alternatives");
  }
  if (value.is_object()) check_object(rules, value.get_object(), path, problems);
  if (const json::value* items = rules.if_contains("items"); items != nullptr && value.is_array()) {
    std::size_t index = 0;
    for (const json::value& item : value.get_array()) {
      check(*items, item, path + "[" + std::to_string(index++) + "]", problems);
    }
  }
}

void SchemaCheck::check_object(const json::object& schema, const json::object& value, const std::string& path,
                               std::vector<std::string>& problems) const {
  if (const json::value* required = schema.if_contains("required")) {
    for (const json::value& key : required->as_array()) {
      if (!value.contains(key.as_string()))
        problems.push_back(path + " lacks '" + std::string(key.as_string()) + "'");
    }
  }
  const json::value* properties = schema.if_contains("properties");
  const json::value* others = schema.if_contains("additionalProperties");
  for (const auto& member : value) {
    const json::value* rule =
        properties == nullptr ? nullptr : properties->as_object().if_contains(member.key());
    if (rule == nullptr) rule = others;
    if (rule != nullptr) check(*rule, member.value(), path + "." + std::string(member.key()), problems);
  }
}

}  // namespace tradewind::api::testing
