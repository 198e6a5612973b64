// Checks JSON values against the schemas of an OpenAPI 3.1 document: the part of JSON Schema 2020-12 that
// ours uses. For tests alone.
#pragma once

#include <string>
#include <vector>

#include "core/model/json.h"

namespace tradewind::api::testing {

class SchemaCheck {
 public:
  // REQUIRES: `document` outlives this.
  explicit SchemaCheck(const json::value& document) : document_(document) {}

  // What is wrong with `value` by `schema`, each with its path; empty: valid. Keywords: $ref (within the
  // document), type, properties, required, additionalProperties, items, enum, const, pattern, minimum, anyOf,
  // allOf. An unknown keyword that would restrict is itself a problem, so that a schema never promises more
  // than is checked.
  std::vector<std::string> problems(const json::value& schema, const json::value& value) const;

  // The value at a JSON pointer ("/paths/~1v1~1jobs/get"). nullptr: not there.
  const json::value* at(std::string_view pointer) const;

 private:
  void check(const json::value& schema, const json::value& value, const std::string& path,
             std::vector<std::string>& problems) const;
  void check_object(const json::object& schema, const json::object& value, const std::string& path,
                    std::vector<std::string>& problems) const;
  const json::value& document_;
};

}  // namespace tradewind::api::testing
