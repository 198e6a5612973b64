// Lists of wire types, both ways.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"

namespace tradewind::api {

template <class T>
json::array list_to_json(const std::vector<T>& items) {
  json::array array;
  array.reserve(items.size());
  for (const T& item : items) array.emplace_back(to_json(item));
  return array;
}

// Reads reader[key] element by element with `read(value, path) -> Result<T>`; the first failure goes to the
// reader.
template <class T, class Read>
std::vector<T> read_list(JsonReader& reader, std::string_view key, Read&& read) {
  std::vector<T> items;
  std::size_t index = 0;
  for (const json::value& element : reader.array(key)) {
    Result<T> item = read(element, reader.path_of(key) + "[" + std::to_string(index++) + "]");
    if (!item.ok()) {
      reader.merge(Status(item.error()));
      break;
    }
    items.push_back(*std::move(item));
  }
  return items;
}

}  // namespace tradewind::api
