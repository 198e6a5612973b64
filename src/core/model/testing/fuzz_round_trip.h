// For fuzz targets: what a reader takes must survive being written and read again.
#pragma once

#include <cstdlib>

#include "core/model/json.h"

namespace tradewind {

// Aborts when `read` takes `document`, but not what it writes of it, or reads that as something else.
template <class F>
void require_round_trip(const json::value& document, F&& read) {
  const auto first = read(document, "document");
  if (!first.ok()) return;
  const auto text = parse_json(to_text(to_json(*first)));
  if (!text.ok()) std::abort();
  const auto second = read(*text, "again");
  if (!second.ok() || !(*second == *first)) std::abort();
}

}  // namespace tradewind
