// The query of a request, before it is encoded.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tradewind::cloud {

using Query = std::vector<std::pair<std::string, std::string>>;  // names and values, in any order

// Sorted and percent-encoded as it is signed and sent: "list-type=2&prefix=a%2Fb", "uploads=".
std::string canonical_query(const Query& query);

}  // namespace tradewind::cloud
