// Small conversions that several wire types share.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/model/json.h"

namespace tradewind::api {

json::value text_or_null(std::string_view text);
// Whole numbers without an exponent or fraction: 400, not 4E2.
json::value number_to_json(double number);
// An object of numbers; missing or null is empty.
std::map<std::string, double> read_numbers(JsonReader& reader, std::string_view key);
// A count that is not negative; 0 when missing.
std::uint64_t read_count(JsonReader& reader, std::string_view key);

}  // namespace tradewind::api
