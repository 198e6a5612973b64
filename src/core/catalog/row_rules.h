// What a single row must not be, whatever the others say. Each rule comes from rows seen in real price feeds.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/catalog/offer_row.h"

namespace tradewind::catalog {

using RowFault = std::pair<RowProblem, std::string>;
// The first rule that the row breaks. Nothing: it may go on.
std::optional<RowFault> judge_row(const OfferRow& row);

}  // namespace tradewind::catalog
